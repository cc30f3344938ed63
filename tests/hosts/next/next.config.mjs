// Next's configuration: node_modules is two folders above the project.
import { fileURLToPath } from "node:url";

export default { turbopack: { root: fileURLToPath(new URL("../../", import.meta.url)) } };
