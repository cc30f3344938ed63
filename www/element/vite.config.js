import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import vue from "@vitejs/plugin-vue";

const page = (name) => fileURLToPath(new URL(`${name}/index.html`, import.meta.url));

export default {
  root: fileURLToPath(new URL(".", import.meta.url)),
  base: "./",
  plugins: [svelte(), vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === "remove-caller" } } })],
  build: { rollupOptions: { input: [page("react"), page("vue"), page("svelte")] } },
};
