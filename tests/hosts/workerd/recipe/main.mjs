// A Worker that sends one signed webhook to the recipe, worker.mjs of www/recipes, and responds with its outcome.
import { Webhook } from "standardwebhooks";
import recipe from "./worker.mjs";

const secret = "whsec_YSBzZWNyZXQgb2YgMzIgYnl0ZXMsIGluIEJhc2U2NC4=";

export default {
  async fetch(request) {
    const env = {
      WEBHOOK_SECRET: secret,
      GENESYS_CLOUD_ACCESS_TOKEN: "a-secret-token",
      GENESYS_CLOUD_BASE_URL: new URL(request.url).searchParams.get("simulator"),
    };
    const body = JSON.stringify({ conversationId: "c", participantId: "p" });
    const now = new Date();
    const headers = {
      "webhook-id": "msg_1",
      "webhook-timestamp": String(Math.floor(now / 1000)),
      "webhook-signature": new Webhook(secret).sign("msg_1", now, body),
    };
    const response = await recipe.fetch(new Request("http://worker/", { method: "POST", headers, body }), env);
    return new Response(`${response.status} ${(await response.json()).outcome}`);
  },
};
