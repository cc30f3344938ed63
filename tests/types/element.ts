// Types of the element, as users write them: `tsc -p tests/types` compiles this file, nothing runs it.
import "disconnect-if-connected/element/define";
import type { DisconnectResult } from "disconnect-if-connected";
import type { RemoveCallerElement } from "disconnect-if-connected/element";
import { expectTypeOf } from "expect-type";

const element = document.createElement("remove-caller");
expectTypeOf(element).toEqualTypeOf<RemoveCallerElement>();
expectTypeOf(document.querySelector("remove-caller")).toEqualTypeOf<RemoveCallerElement | null>();

element.options = { accessToken: async () => "t", region: "us-east-1" };
element.where = { purpose: ["customer", "external"] };
element.confirmMode = "last";
// @ts-expect-error: no such mode
element.confirmMode = "sometimes";

element.addEventListener("remove-caller-before", (event) => event.preventDefault());
element.addEventListener("remove-caller-outcome", ({ detail }) => {
  expectTypeOf(detail.result).toEqualTypeOf<DisconnectResult>();
  expectTypeOf(detail.message).toBeString();
});
// Only the result of a removal that has one is in this event.
element.addEventListener("remove-caller-error", ({ detail }) => {
  // @ts-expect-error: an error has no result
  detail.result;
});
