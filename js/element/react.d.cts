import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { RemoveCallerElement, RemoveCallerEventMap } from "./element.cjs";

export * from "./element.cjs";

type PropertyName = "conversationId" | "client" | "options" | "where" | "messages" | "confirmMode" | "pollMs";

/** The props of `<remove-caller>` in JSX: its properties, and its events as `onremove-caller-outcome` and so on. */
export type RemoveCallerProps = DetailedHTMLProps<HTMLAttributes<RemoveCallerElement>, RemoveCallerElement> & {
  [Name in PropertyName]?: RemoveCallerElement[Name] | undefined;
} & { [Name in keyof RemoveCallerEventMap as `on${Name}`]?: ((event: RemoveCallerEventMap[Name]) => void) | undefined };

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "remove-caller": RemoveCallerProps;
    }
  }
}
