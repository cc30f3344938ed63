// Next.js: app/api/remove/route.js. The client lives as long as the server's process.
import { handler } from "./web.mjs";

export const POST = handler({
  secret: process.env.WEBHOOK_SECRET,
  accessToken: process.env.GENESYS_CLOUD_ACCESS_TOKEN,
  baseUrl: process.env.GENESYS_CLOUD_BASE_URL,
  api: "calls",
});
