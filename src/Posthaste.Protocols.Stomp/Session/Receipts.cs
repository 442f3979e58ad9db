using Posthaste.Broker;
using Posthaste.Broker.Pipeline;
using Posthaste.Broker.Sessions;

namespace Posthaste.Protocols.Stomp.Session;

/// <summary>
/// The receipts of one connection. They are sent in the order of the frames that asked for them, each once what the
/// frame did is done, and on disk where it has to be.
/// </summary>
internal sealed class Receipts : ConfirmWindow
{
    private const int LengthBytes = 2;

    private readonly StompOutput _output;
    private readonly Action<byte[]> _onRefused;
    private readonly Action _onIdle;
    private volatile bool _isIdle = true;

    // Guarded by the output's gate: the ids that are waited for, each behind its length, from _start to _end.
    private byte[] _ids = [];
    private int _start;
    private int _end;

    /// <param name="output">Where receipts go.</param>
    /// <param name="onRefused">Told the id of a frame whose message was refused. Under the gate.</param>
    /// <param name="onIdle">Told when no receipt is outstanding any more. Under the gate.</param>
    public Receipts(StompOutput output, Action<byte[]> onRefused, Action onIdle)
        : base(output)
    {
        _output = output;
        _onRefused = onRefused;
        _onIdle = onIdle;
    }

    /// <summary>Whether no receipt is outstanding.</summary>
    public bool IsIdle => _isIdle;

    /// <summary>A frame asks for a receipt. The reader's alone.</summary>
    /// <param name="id">The id as it came, escapes included.</param>
    /// <returns>The number under which the frame is reported.</returns>
    public ulong Expect(ReadOnlySpan<byte> id)
    {
        lock (_output.Gate)
        {
            _isIdle = false;
            if (_ids.Length - _end < id.Length + LengthBytes)
                MakeRoom(id.Length + LengthBytes);
            _ids[_end] = (byte)id.Length;
            _ids[_end + 1] = (byte)(id.Length >> 8);
            id.CopyTo(_ids.AsSpan(_end + LengthBytes));
            _end += id.Length + LengthBytes;
        }

        return Next();
    }

    /// <summary>Reports the frame of this number when all that was appended to the journal before is durable.</summary>
    public PipelineCallback WhenDurable(ulong number) => new Durable(this, number);

    protected override bool TryWrite(ReadOnlySpan<ConfirmRun> runs)
    {
        foreach (var run in runs)
        {
            for (var number = run.First; number <= run.Last; number++)
            {
                var id = TakeId();
                if (run.Accepted)
                    _output.WriteReceipt(id);
                else
                    _onRefused(id.ToArray());
            }
        }

        if (_start == _end)
        {
            _isIdle = true;
            _onIdle();
        }

        return true;
    }

    private ReadOnlySpan<byte> TakeId()
    {
        var length = _ids[_start] | (_ids[_start + 1] << 8);
        var id = _ids.AsSpan(_start + LengthBytes, length);
        _start += length + LengthBytes;
        if (_start == _end)
            _start = _end = 0;
        return id;
    }

    /// <summary>Moves what waits to the front, of a larger array if that is not enough.</summary>
    private void MakeRoom(int bytes)
    {
        const int FirstBytes = 256;
        var used = _end - _start;
        var target = used + bytes <= _ids.Length / 2 ? _ids : new byte[int.Max(FirstBytes, 2 * (used + bytes))];
        _ids.AsSpan(_start, used).CopyTo(target);
        _ids = target;
        _start = 0;
        _end = used;
    }

    private sealed class Durable(Receipts receipts, ulong number) : PipelineCallback
    {
        protected override void Applied(bool durable, FlushSet flushes) =>
            receipts.Report(number, number, durable, flushes);
    }
}
