// What the middleware tells of itself: metrics for Prometheus, spans for OpenTelemetry, and the fields of its log. No
// body, header, token or whole error goes into any of them.
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const tracer = trace.getTracer("disconnect-if-connected");

/** The metrics of one app. @param {import("./deliveries.js").Deliveries} deliveries or those of a queue */
export function metrics(deliveries) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "removals_under_way",
    help: "Removals that are under way",
    registers,
    collect() {
      this.set(deliveries.underWay);
    },
  });
  if (deliveries.state) queueMetrics(registers, deliveries);
  const told = {
    registry,
    removals: new Counter({ name: "removals_total", help: "Removals by outcome", labelNames: ["outcome"], registers }),
    errors: new Counter({
      name: "errors_total",
      help: "Answers with a problem by code",
      labelNames: ["code"],
      registers,
    }),
    requests: new Counter({
      name: "platform_requests_total",
      help: "HTTP requests to the platform, by each removal that shared them",
      registers,
    }),
    seconds: new Histogram({
      name: "removal_duration_seconds",
      help: "From the webhook to the end of its removal",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
  };
  deliveries.onEnded = ({ result, problem, requests }, seconds) => {
    if (problem) told.errors.inc({ code: problem.code });
    else told.removals.inc({ outcome: result.outcome });
    told.requests.inc(requests);
    told.seconds.observe(seconds);
  };
  return told;
}

/** What is true of the queue as a whole: every server tells the same. */
function queueMetrics(registers, deliveries) {
  let asked;
  const state = () => {
    asked ??= deliveries
      .state()
      .catch(() => undefined)
      .finally(() => {
        asked = undefined;
      });
    return asked;
  };
  const gauge = (name, help, labelNames, tell) =>
    new Gauge({
      ...{ name, help, labelNames, registers },
      async collect() {
        this.reset();
        tell(this, await state());
      },
    });
  gauge("queue_up", "Whether the queue answers", [], (self, now) => self.set(now ? 1 : 0));
  gauge("queue_jobs", "Jobs by state", ["state"], (self, now) => {
    for (const [name, count] of Object.entries(now?.jobs ?? {})) self.set({ state: name }, count);
  });
  gauge("queue_workers", "Workers that are connected", [], (self, now) => {
    if (now) self.set(now.workers);
  });
  gauge("queue_oldest_seconds", "How long the oldest job waits", [], (self, now) => {
    if (now) self.set(now.oldestMs / 1_000);
  });
  new Counter({
    name: "queue_takeovers_total",
    help: "Removals whose worker was gone, since this server's start",
    registers,
    collect() {
      this.reset();
      this.inc(deliveries.takeovers);
    },
  });
}

/**
 * Does `work` in a span. What it gives or throws tells the outcome.
 * @template T
 * @param {{ conversationId: string, participantId?: string }} whom
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function traced({ conversationId, participantId }, work) {
  const attributes = {
    "conversation.id": conversationId,
    ...(participantId ? { "participant.id": participantId } : {}),
  };
  return tracer.startActiveSpan("remove participant", { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      const result = await work();
      span.setAttributes({ "removal.outcome": result.outcome, "removal.requests": result.requests });
      if (result.correlationId) span.setAttribute("platform.correlation_id", result.correlationId);
      return result;
    } catch (error) {
      const { code = "INTERNAL", correlationId } = error ?? {};
      span.setAttribute("error.type", String(code));
      if (correlationId) span.setAttribute("platform.correlation_id", correlationId);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The word in capitals with which an error of Redis begins (`WRONGPASS`, `OOM`): it names what is wrong. */
export const refusalOf = (error) => /^[A-Z]{3,}\b/.exec(error?.message)?.[0];

/** Of an unexpected error, what may be logged: where it was thrown, never what it says. */
export const whereOf = (error) => ({
  name: error?.name,
  errorCode: error?.code ?? refusalOf(error),
  at: String(error?.stack ?? "")
    .split("\n")
    .filter((line) => /^\s*at /.test(line))
    .slice(0, 5)
    .map((line) => line.trim()),
});
