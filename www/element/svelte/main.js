// The element in Svelte 5: its properties are set as properties, its events are attributes with the prefix `on`.
import "disconnect-if-connected/element/define";
import { mount } from "svelte";
import CallControls from "./CallControls.svelte";

mount(CallControls, { target: document.querySelector("#app") });
