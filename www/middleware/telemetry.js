// What the middleware tells of itself: metrics for Prometheus, spans for OpenTelemetry, and the fields of its log. No
// body, header, token or whole error goes into any of them.
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const tracer = trace.getTracer("disconnect-if-connected");

/** The metrics of one app. */
export function metrics({ underWay }) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "removals_under_way",
    help: "Removals that are under way",
    registers,
    collect() {
      this.set(underWay());
    },
  });
  return {
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

/** Of an unexpected error, what may be logged: where it was thrown, never what it says. */
export const whereOf = (error) => ({
  name: error?.name,
  errorCode: error?.code,
  at: String(error?.stack ?? "")
    .split("\n")
    .filter((line) => /^\s*at /.test(line))
    .slice(0, 5)
    .map((line) => line.trim()),
});
