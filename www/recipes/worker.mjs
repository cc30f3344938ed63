// Cloudflare Workers: `wrangler deploy` bundles the package's entry for Workers. What is set comes with each request,
// so the handler is made by the first one.
import { handler } from "./web.mjs";

let handle;

export default {
  async fetch(request, env) {
    handle ??= handler({
      secret: env.WEBHOOK_SECRET,
      accessToken: env.GENESYS_CLOUD_ACCESS_TOKEN,
      baseUrl: env.GENESYS_CLOUD_BASE_URL,
      api: "calls",
    });
    return handle(request);
  },
};
