using Posthaste.Storage.Journaling;

namespace Posthaste.Storage.Tests.Journaling;

/// <summary>Keeps what a replay delivers, for comparing.</summary>
internal sealed class RecordingReplay : IJournalReplay
{
    public List<Record> Records { get; } = [];

    public List<JournalBatchInfo> Batches { get; } = [];

    public void BeginBatch(in JournalBatchInfo batch) => Batches.Add(batch);

    public void Visit(byte type, ReadOnlySpan<byte> payload, long payloadPosition) =>
        Records.Add(new Record(type, payloadPosition, payload.ToArray()));

    public void EndBatch()
    {
        // Batches are told apart by their starts.
    }

    internal sealed record Record(byte Type, long Position, byte[] Payload)
    {
        public bool IsSame(Record other) =>
            Type == other.Type && Position == other.Position && Payload.AsSpan().SequenceEqual(other.Payload);
    }
}
