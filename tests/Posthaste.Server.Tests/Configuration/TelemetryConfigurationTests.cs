using Microsoft.Extensions.Configuration;
using Posthaste.Server.Configuration;
using Posthaste.Server.Telemetry;

namespace Posthaste.Server.Tests.Configuration;

/// <summary>What settings and the variables of OpenTelemetry say of the collector.</summary>
public sealed class TelemetryConfigurationTests
{
    [Fact]
    public void By_default_nothing_is_sent()
    {
        var telemetry = new PosthasteOptions().Telemetry;
        Assert.All(
            [TelemetrySignals.Metrics, TelemetrySignals.Traces, TelemetrySignals.Logs],
            signal => Assert.False(telemetry.Sends(signal)));
    }

    [Fact]
    public void The_variables_of_OpenTelemetry_are_taken_over()
    {
        var telemetry = Read(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4318"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=secret,tenant=shop"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "2000"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "15000"),
            ("OTEL_LOGS_EXPORTER", "none"),
            ("OTEL_TRACES_EXPORTER", "otlp")).Telemetry;
        Assert.Equal(new Uri("https://collector.example:4318"), telemetry.Endpoint);
        Assert.Equal(OtlpProtocol.Grpc, telemetry.Protocol);
        Assert.Equal("api-key=secret,tenant=shop", telemetry.Headers);
        Assert.Equal((2_000, 15_000), (telemetry.TimeoutMs, telemetry.MetricsIntervalMs));
        Assert.Equal(TelemetrySignals.Metrics | TelemetrySignals.Traces, telemetry.Signals);
    }

    [Fact]
    public void Empty_variables_are_unset_and_OTEL_SDK_DISABLED_unsets_all()
    {
        Assert.Null(Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "")).Telemetry.Endpoint);
        var disabled = Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"), ("OTEL_SDK_DISABLED", "true"));
        Assert.Null(disabled.Telemetry.Endpoint);
    }

    [Fact]
    public void A_setting_goes_before_a_variable()
    {
        var options = Read(("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"));
        PosthasteConfiguration.ApplySetting("Otlp:Endpoint", "http://localhost:4317", options);
        Assert.Equal(4317, options.Telemetry.Endpoint!.Port);
        PosthasteConfiguration.ApplySetting("Otlp:Endpoint", "", options);
        Assert.Null(options.Telemetry.Endpoint);
    }

    [Theory]
    [InlineData("http://localhost:4317", OtlpProtocol.Grpc)]
    [InlineData("http://localhost:4318", OtlpProtocol.HttpProtobuf)]
    [InlineData("https://collector.example", OtlpProtocol.HttpProtobuf)]
    public void Without_a_protocol_the_port_decides(string endpoint, OtlpProtocol protocol) =>
        Assert.Equal(protocol, TelemetryVariables.ProtocolOf(new Uri(endpoint)));

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "collector",
        "OTEL_EXPORTER_OTLP_ENDPOINT: Posthaste:Otlp:Endpoint is 'collector'; it has to be an address of http or "
        + "https, or empty")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector",
        "OTEL_EXPORTER_OTLP_ENDPOINT: Posthaste:Otlp:Endpoint is 'ftp://collector'; it has to be an address of http or "
        + "https, or empty")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json",
        "OTEL_EXPORTER_OTLP_PROTOCOL: Posthaste:Otlp:Protocol is 'http/json'; it has to be grpc or http/protobuf, or "
        + "empty")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "secret",
        "OTEL_EXPORTER_OTLP_HEADERS: Posthaste:Otlp:Headers is 'secret'; it has to be NAME=VALUE pairs separated by "
        + "commas, or empty")]
    [InlineData("OTEL_TRACES_SAMPLER_ARG", "2",
        "OTEL_TRACES_SAMPLER_ARG: Posthaste:Tracing:Ratio is '2'; it has to be a number from 0 to 1")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL", "1",
        "OTEL_METRIC_EXPORT_INTERVAL: Posthaste:Otlp:MetricsIntervalMs is 1; it has to be 1,000 ms to 86,400,000 ms")]
    public void A_bad_value_is_refused_with_its_variable(string variable, string value, string message)
    {
        var error = Assert.Throws<PosthasteConfigurationException>(
            () => Read(("OTEL_TRACES_SAMPLER", "traceidratio"), (variable, value)));
        Assert.Equal(message, error.Message);
    }

    [Theory]
    [InlineData("always_on", "", 1, true)]
    [InlineData("always_off", "", 0, false)]
    [InlineData("traceidratio", "0.25", 0.25, true)]
    [InlineData("traceidratio", "", 1, true)]
    [InlineData("parentbased_always_on", "", 1, true)]
    [InlineData("parentbased_always_off", "", 0, true)]
    [InlineData("parentbased_traceidratio", "0.01", 0.01, true)]
    [InlineData("xray", "", 0, true)]
    [InlineData("", "0.5", 0, true)]
    public void A_sampler_says_which_messages_begin_a_trace(
        string sampler, string argument, double ratio, bool sendsTraces)
    {
        var options = Read(
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318"), ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", argument));
        Assert.Equal(ratio, options.Broker.Tracing.Ratio);
        Assert.Equal(sendsTraces, options.Telemetry.Sends(TelemetrySignals.Traces));
    }

    [Theory]
    [InlineData("traces", TelemetrySignals.Traces)]
    [InlineData("metrics, logs", TelemetrySignals.Metrics | TelemetrySignals.Logs)]
    [InlineData("", TelemetrySignals.None)]
    public void Signals_are_chosen_by_name(string text, TelemetrySignals signals)
    {
        var options = new PosthasteOptions();
        PosthasteConfiguration.ApplySetting("Otlp:Signals", text, options);
        Assert.Equal(signals, options.Telemetry.Signals);
    }

    [Theory]
    [InlineData("spans")]
    [InlineData("4")]
    public void Signals_that_are_none_are_refused(string text) =>
        Assert.Throws<PosthasteConfigurationException>(
            () => PosthasteConfiguration.ApplySetting("Otlp:Signals", text, new PosthasteOptions()));

    private static PosthasteOptions Read(params (string Name, string Value)[] variables)
    {
        var options = new PosthasteOptions();
        var environment = new ConfigurationBuilder().AddInMemoryCollection(
            variables.Select(variable => new KeyValuePair<string, string?>(variable.Name, variable.Value))).Build();
        TelemetryVariables.Apply(environment, options);
        return options;
    }
}
