// The element in Vue 3: objects are passed as properties (`.prop`); vite.config.js declares the tag a custom element.
import "disconnect-if-connected/element/define";
import { createApp } from "vue";
import CallControls from "./CallControls.vue";

createApp(CallControls).mount("#app");
