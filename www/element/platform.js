// The options of the examples: `npm start` has started a simulator, whose URL is in the page's address. A real page has
// `region: "us-east-1"`, and the token of its own sign-in.
const { searchParams } = new URL(location.href);

export const conversationId = searchParams.get("conversationId");

/**
 * The element makes a client of them.
 * @type {import("disconnect-if-connected").ConversationClientOptions}
 */
export const options = {
  accessToken: () => "example-token-0123456789",
  baseUrl: searchParams.get("baseUrl") ?? undefined,
  api: "calls",
};
