using System.Text.Json.Nodes;
using Posthaste.Broker;
using Posthaste.Broker.Queues;
using Posthaste.Core.Queues;
using Posthaste.Management.Http;

namespace Posthaste.Management.Resources;

/// <summary>What a request for messages asks for.</summary>
/// <param name="Count">Messages at most.</param>
/// <param name="IsSettled">They leave the queue: acknowledged, or rejected.</param>
/// <param name="IsRejected">They leave it to the dead letters.</param>
/// <param name="IsBase64">Bodies are shown as base64 even when they are text.</param>
/// <param name="BodyBytesMax">Bytes of a body at most that are shown; null for all.</param>
internal sealed record TakeOptions(int Count, bool IsSettled, bool IsRejected, bool IsBase64, int? BodyBytesMax)
{
    /// <summary>Messages of one request: they are all in memory at a time.</summary>
    public const int CountMax = 1_000;

    public static TakeOptions From(JsonObject body)
    {
        var mode = Json.Text(body, "ackmode") ?? "ack_requeue_true";
        var count = Json.Number(body, "count", 1);
        var encoding = Json.Text(body, "encoding") ?? "auto";
        var bytesMax = Json.Number(body, "truncate", -1);
        if (count is < 1 or > CountMax) throw ApiError.BadRequest($"count has to be from 1 to {CountMax}");
        if (encoding is not ("auto" or "base64")) throw ApiError.BadRequest("encoding has to be auto or base64");
        if (mode is not ("ack_requeue_true" or "ack_requeue_false" or "reject_requeue_true" or "reject_requeue_false"))
            throw ApiError.BadRequest($"unknown ackmode '{mode}'");
        return new TakeOptions(
            (int)count, mode.EndsWith("false", StringComparison.Ordinal), mode == "reject_requeue_false",
            encoding == "base64", bytesMax < 0 ? null : (int)Math.Min(bytesMax, int.MaxValue));
    }
}

/// <summary>Takes messages from the head of a queue to show them, and puts them back unless told otherwise.</summary>
internal static class MessageTaker
{
    public static async Task<JsonArray> TakeAsync(
        BrokerQueue queue, TakeOptions options, CancellationToken cancellation)
    {
        var shown = new JsonArray();
        var taken = new List<EntryId>();
        try
        {
            while (shown.Count < options.Count)
            {
                var request = new Request(options);
                var flushes = new FlushSet();
                queue.Get(request, flushes);
                flushes.FlushAll();
                if (await request.Answer.WaitAsync(cancellation).ConfigureAwait(false) is not { } message) break;
                taken.Add(request.Id);
                shown.Add(message);
            }
        }
        finally
        {
            End(queue, [.. taken], options);
        }

        return shown;
    }

    private static void End(BrokerQueue queue, EntryId[] ids, TakeOptions options)
    {
        var flushes = new FlushSet();
        if (!options.IsSettled) queue.Return(ids, by: null, countsAsFailure: false, flushes);
        else if (options.IsRejected) queue.Reject(ids, by: null, flushes);
        else queue.Settle(ids, by: null, flushes);
        flushes.FlushAll();
    }

    private sealed class Request(TakeOptions options) : GetRequest
    {
        private readonly TaskCompletionSource<JsonObject?> _answer =
            new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<JsonObject?> Answer => _answer.Task;

        public EntryId Id { get; private set; }

        protected override void OnMessage(in DeliveredMessage message, long remaining, FlushSet flushes)
        {
            Id = message.Id;
            var shown = MessageRow.Describe(message, options.IsBase64, options.BodyBytesMax);
            shown["message_count"] = remaining;
            _answer.SetResult(shown);
        }

        protected override void OnEmpty(FlushSet flushes) => _answer.SetResult(null);
    }
}
