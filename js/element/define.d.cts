export * from "./element.cjs";
