/**
 * Traces, metrics and events to a server of OpenTelemetry, as one lazy import.
 */
export { make } from "./Telemetry.ts";
export { settingsOf } from "./Settings.ts";
