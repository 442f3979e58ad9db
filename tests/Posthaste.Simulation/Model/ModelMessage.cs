using System.Buffers.Binary;

namespace Posthaste.Simulation.Model;

/// <summary>A message as its publisher made it.</summary>
internal sealed class ModelMessage
{
    private const int HeaderBytes = 8;

    public required int Id { get; init; }

    public required int Producer { get; init; }

    /// <summary>Number among its producer's messages, ascending in the order of publishing.</summary>
    public required ulong Seq { get; init; }

    public required bool IsPersistent { get; init; }

    public required byte Priority { get; init; }

    public required long TtlMs { get; init; }

    public required int BodyBytes { get; init; }

    /// <summary>What holds only together with others; null for most.</summary>
    public ModelTransaction? Transaction { get; init; }

    public List<ModelCopy> Copies { get; } = [];

    /// <summary>The body: its id, and bytes that follow from it.</summary>
    public byte[] Body()
    {
        var body = new byte[BodyBytes];
        BinaryPrimitives.WriteInt32LittleEndian(body, Id);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), BodyBytes);
        body.AsSpan(HeaderBytes).Fill((byte)(Id * 31));
        return body;
    }

    public static int IdOf(ReadOnlySpan<byte> body) =>
        body.Length < HeaderBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(body);

    public bool IsBody(ReadOnlySpan<byte> body) => body.SequenceEqual(Body());

    public override string ToString() =>
        $"message {Id} (producer {Producer} number {Seq}{(IsPersistent ? "" : ", transient")}"
        + $"{(Transaction is null ? "" : ", in a transaction")})";
}

internal enum CopyState
{
    Ready,

    /// <summary>With a consumer.</summary>
    Out,

    /// <summary>Rejected, on its way to the dead letters.</summary>
    Dying,

    /// <summary>Acknowledged, purged, or dropped by a rule that the model saw applied.</summary>
    Done,
}

/// <summary>A message in one of the queues that it was routed to, or in that queue's dead letters.</summary>
internal sealed class ModelCopy(ModelMessage message, ModelQueue queue)
{
    public ModelMessage Message => message;

    /// <summary>The queue that it is in, as far as known.</summary>
    public ModelQueue Place { get; set; } = queue;

    public CopyState State { get; set; }

    /// <summary>It has to be there: confirmed, seen, or known to have been applied.</summary>
    public bool IsCertain { get; set; }

    /// <summary>It was delivered from <see cref="Place"/> at some time, so the next delivery has to say so.</summary>
    public bool WasDelivered { get; set; }

    /// <summary>It may have gone to the dead letters, or have been dropped, without the model's seeing it.</summary>
    public bool MayHaveLeft { get; set; }

    /// <summary>It was in doubt when the broker stopped, so later ones may have gone ahead.</summary>
    public bool MayBeLate { get; set; }

    /// <summary>It was done before a crash that may have forgotten it.</summary>
    public bool MayBeDone { get; set; }

    /// <summary>Its being done is on disk.</summary>
    public bool IsDoneForGood { get; set; }

    /// <summary>It was settled while the journal had no room to say so.</summary>
    public bool IsUnrecorded { get; set; }

    /// <summary>It was settled in this transaction.</summary>
    public ModelTransaction? DoneBy { get; set; }

    /// <summary>The transaction that would have settled it when the journal failed.</summary>
    public ModelTransaction? DoubtedBy { get; set; }

    public int FailureCount { get; set; }

    public bool IsKept => Place.Keeps(message);

    public override string ToString() =>
        $"{message} in {Place.Name}: {State}{(IsCertain ? ", certain" : "")}{(MayHaveLeft ? ", may have left" : "")}";
}

/// <summary>Messages and settlements that have happened together or not at all.</summary>
internal sealed class ModelTransaction
{
    private bool? _happened;

    public List<ModelCopy> Published { get; } = [];

    public List<ModelCopy> Settled { get; } = [];

    public List<ModelChange> Noted { get; } = [];

    /// <summary>Something of it was seen, or the lack of it.</summary>
    public void Learn(bool happened, string how)
    {
        SimulationFailure.Unless(_happened is null || _happened == happened, $"a transaction is torn: {how}");
        _happened = happened;
    }
}
