// A page that imports the package and does not use it.
// biome-ignore lint/correctness/noUnusedImports: the bundler has to remove them
import { DisconnectError, disconnectIfConnected } from "disconnect-if-connected";

console.log("a page without the call");
