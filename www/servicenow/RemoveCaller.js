// A Script Include for ServiceNow, to paste: it asks the middleware to remove a participant, and returns the outcome.
// In ES5, which ServiceNow runs. Name: RemoveCaller; accessible from: this application scope only.
//
//   var told = new RemoveCaller().remove({ conversationId: c, participantId: p, onBehalfOf: userId });
//   if (!told.isDone) gs.addErrorMessage(told.message);
//   if (told.code === "PENDING") … later: new RemoveCaller().status(told.id)
//
// System properties: x_remove_caller.url, the middleware's URL without a slash at its end; and x_remove_caller.secret,
// of type password2, the part of WEBHOOK_SECRET after "whsec_".
var RemoveCaller = Class.create();
RemoveCaller.prototype = {
  type: "RemoveCaller",
  /** A request blocks a thread; ServiceNow's own default is 175 s. */
  TIMEOUT_MS: 5000,

  initialize: function () {
    this.url = gs.getProperty("x_remove_caller.url");
    this.secret = gs.getProperty("x_remove_caller.secret");
  },

  /**
   * Removes a participant.
   * @param {Object} order { conversationId, participantId | participant, onBehalfOf? … }: ids only, in ASCII
   * @param {string} [id] that an earlier try of the same removal returned; default: a new one
   * @returns {Object} { isDone, outcome?, code?, message, id? }; with an id, the removal can be tried again with it
   */
  remove: function (order, id) {
    var webhookId = id || String(gs.generateGUID());
    return this._told(this._send("post", "/v1/removals", JSON.stringify(order), webhookId), webhookId);
  },

  /** The result of a removal that was PENDING; to be called by a job or a flow, a second later or more. */
  status: function (id) {
    var path = "/v1/removals/" + encodeURIComponent(id);
    return this._told(this._send("get", path, "", String(gs.generateGUID())), id);
  },

  _send: function (method, path, body, id) {
    var request = new sn_ws.RESTMessageV2();
    request.setEndpoint(this.url + path);
    request.setHttpMethod(method);
    request.setHttpTimeout(this.TIMEOUT_MS);
    // Otherwise ServiceNow replaces ${…} in the body after it was signed.
    request.disableForcedVariableSubstitution();
    // Each try has its own time and signature; the id stays.
    var seconds = String(Math.floor(new GlideDateTime().getNumericValue() / 1000));
    request.setRequestHeader("Content-Type", "application/json");
    request.setRequestHeader("webhook-id", id);
    request.setRequestHeader("webhook-timestamp", seconds);
    request.setRequestHeader("webhook-signature", "v1," + this._mac(id + "." + seconds + "." + body));
    if (body) request.setRequestBody(body);
    try {
      var response = request.execute();
      if (response.haveError() && !response.getStatusCode()) {
        return { status: 0, body: { code: "UNREACHABLE", detail: response.getErrorMessage() } };
      }
      return { status: response.getStatusCode(), body: this._parsed(response.getBody()) };
    } catch (error) {
      return { status: 0, body: { code: "UNREACHABLE", detail: String(error.message || error) } };
    }
  },

  /** Base64 of the HMAC's bytes, from a key in Base64: not Base64 of its hex digits. */
  _mac: function (text) {
    return new CertificateEncryption().generateMac(this.secret, "HmacSHA256", text);
  },

  _parsed: function (text) {
    try {
      return JSON.parse(text) || {};
    } catch (error) {
      return { code: "BAD_RESPONSE", detail: "The middleware's answer is no JSON." };
    }
  },

  _told: function (answer, id) {
    var body = answer.body;
    if (answer.status === 200 && body.status === "done") {
      var isDone = body.outcome !== "not-connected";
      var message = isDone
        ? "The caller was removed."
        : "The caller is " + (body.state || "not connected") + ": click again in a moment.";
      return { isDone: isDone, outcome: body.outcome, message: message };
    }
    if (body.status === "pending") {
      return { isDone: false, code: "PENDING", message: "The removal is still under way: look again.", id: id };
    }
    var told = { isDone: false, code: body.code || "HTTP_" + answer.status, message: body.detail || body.title || "" };
    // Without an answer, or after a temporary failure, the same id may be tried again; a refusal is final.
    if (answer.status === 0 || answer.status >= 500) told.id = id;
    return told;
  },
};
