// The platform of the examples. Yours is `{ region: "us-east-1" }` with a token of your own sign-in; here it is the
// simulator that `npm start` has started, which the address of the page names.
const { searchParams } = new URL(location.href);

export const conversationId = searchParams.get("conversationId");

/**
 * One object for as long as nothing changes: the element makes a client of it.
 * @type {import("disconnect-if-connected").ConversationClientOptions}
 */
export const options = {
  accessToken: () => "example-token-0123456789",
  baseUrl: searchParams.get("baseUrl") ?? undefined,
  api: "calls",
};
