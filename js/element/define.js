// @ts-check
// The registration of `<remove-caller>`, once for a page.

import { RemoveCallerElement } from "./element.js";

const registry = globalThis.customElements;
if (registry && !registry.get("remove-caller")) registry.define("remove-caller", RemoveCallerElement);

export { RemoveCallerElement };
