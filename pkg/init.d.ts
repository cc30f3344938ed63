export * from "./init.cjs";
