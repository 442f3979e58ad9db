using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Posthaste.Interop.Tests.Infrastructure;

namespace Posthaste.Interop.Tests.Observability;

/// <summary>A collector on a free port of loopback that keeps what it is sent, over HTTP or gRPC.</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    /// <summary>A gRPC message is preceded by a flag and its length, five bytes.</summary>
    private const int GrpcHeaderBytes = 5;

    private readonly WebApplication _application;
    private readonly ConcurrentQueue<ProtoMessage> _traces = new();
    private readonly ConcurrentQueue<ProtoMessage> _metrics = new();
    private readonly ConcurrentQueue<ProtoMessage> _logs = new();
    private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _held;

    private OtlpCollector(WebApplication application) => _application = application;

    public Uri Address { get; private set; } = null!;

    /// <summary>The value of header <c>api-key</c> of the last request.</summary>
    public string? Key { get; private set; }

    /// <summary>How many requests wait for an answer that never comes.</summary>
    public int HeldCount => _held;

    public IReadOnlyDictionary<string, object> Resource => Telemetry.Resource(_metrics.First());

    public IReadOnlyList<ReceivedSpan> Spans => [.. _traces.SelectMany(Telemetry.Spans)];

    /// <summary>Of the newest export.</summary>
    public IReadOnlyList<ReceivedPoint> Points =>
        _metrics.LastOrDefault() is { } last ? [.. Telemetry.Points(last)] : [];

    public IReadOnlyList<ReceivedLog> Logs => [.. _logs.SelectMany(Telemetry.Logs)];

    /// <param name="isGrpc">Whether gRPC is spoken, over HTTP/2 without TLS.</param>
    /// <param name="isStuck">Whether it takes requests and never answers.</param>
    public static async Task<OtlpCollector> StartAsync(bool isGrpc = false, bool isStuck = false)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            IPAddress.Loopback, 0,
            listen => listen.Protocols = isGrpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        WebApplication application = builder.Build();
        var collector = new OtlpCollector(application);
        if (isStuck)
            application.MapPost("/{**path}", collector.HoldAsync);
        else
            application.MapPost("/{**path}", collector.TakeAsync);
        await application.StartAsync();
        string address = application.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.Single();
        collector.Address = new Uri(address);
        return collector;
    }

    /// <summary>Waits until these many spans of a trace have come.</summary>
    public Task<ReceivedSpan[]> SpansOfAsync(string traceId, int count) => Wait.ForAsync(
        $"{count} spans of {traceId}",
        () =>
        {
            ReceivedSpan[] spans = [.. Spans.Where(span => span.TraceId == traceId)];
            return Task.FromResult(spans.Length >= count ? spans : null);
        });

    public async ValueTask DisposeAsync()
    {
        _free.TrySetResult();
        await _application.DisposeAsync();
    }

    private async Task HoldAsync(HttpContext context)
    {
        Interlocked.Increment(ref _held);
        await _free.Task;
    }

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        bool isGrpc = context.Request.ContentType == "application/grpc";
        byte[] bytes = body.ToArray();
        var request = new ProtoMessage(isGrpc ? bytes.AsSpan(GrpcHeaderBytes) : bytes);
        Key = context.Request.Headers["api-key"];
        QueueOf(context.Request.Path).Enqueue(request);

        // An empty response: everything was taken.
        context.Response.ContentType = isGrpc ? "application/grpc" : "application/x-protobuf";
        if (!isGrpc)
            return;
        await context.Response.Body.WriteAsync(new byte[GrpcHeaderBytes]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private ConcurrentQueue<ProtoMessage> QueueOf(string path) => path switch
    {
        "/v1/traces" or "/opentelemetry.proto.collector.trace.v1.TraceService/Export" => _traces,
        "/v1/metrics" or "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export" => _metrics,
        "/v1/logs" or "/opentelemetry.proto.collector.logs.v1.LogsService/Export" => _logs,
        _ => throw new InvalidOperationException($"Nothing is sent to {path}."),
    };
}
