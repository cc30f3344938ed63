// A host without WebAssembly: the call rejects with a code.
import { disconnectIfConnected } from "disconnect-if-connected";

const options = { conversationId: "c", participantId: "p", accessToken: "t", region: "us-east-1" };
console.log(await disconnectIfConnected(options).catch(({ code }) => code));
