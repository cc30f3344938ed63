// Vue 3: objects go in as properties (`.prop`); vite.config.js says that the tag is no component of Vue's.
import "disconnect-if-connected/element/define";
import { createApp } from "vue";
import CallControls from "./CallControls.vue";

createApp(CallControls).mount("#app");
