// Rollup's configuration: packages are found in node_modules.
import { nodeResolve } from "@rollup/plugin-node-resolve";

export default { plugins: [nodeResolve()] };
