// Svelte 5: what the element has as a property is set as one, events are `on` and their names.
import "disconnect-if-connected/element/define";
import { mount } from "svelte";
import CallControls from "./CallControls.svelte";

mount(CallControls, { target: document.querySelector("#app") });
