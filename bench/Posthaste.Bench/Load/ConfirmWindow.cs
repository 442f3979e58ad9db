namespace Posthaste.Bench.Load;

/// <summary>
/// Which publishes are unconfirmed, for single and multiple acknowledgements in any order. The window
/// is a ring
/// of one flag a message, so at most <paramref name="limit"/> messages may be outstanding. One thread.
/// </summary>
internal sealed class ConfirmWindow(int limit)
{
    private readonly bool[] _confirmed = new bool[limit];
    private ulong _floor = 1;
    private ulong _next = 1;
    private int _outstandingCount;

    /// <summary>
    /// How many more messages may be published now, given that no flag of an older message may be overwritten.
    /// </summary>
    public int FreeCount => limit - (int)(_next - _floor);

    /// <summary>Published and not yet confirmed.</summary>
    public int OutstandingCount => _outstandingCount;

    /// <summary>All messages with a lower tag (the first is 1) are confirmed.</summary>
    public ulong FloorTag => _floor;

    public void Published(int count)
    {
        _next += (ulong)count;
        _outstandingCount += count;
    }

    /// <summary>
    /// Marks <paramref name="tag"/>, or with <paramref name="multiple"/> everything up to it, as confirmed.
    /// </summary>
    public void Acknowledge(ulong tag, bool multiple)
    {
        // Tag 0 with multiple means everything published so far.
        tag = tag == 0 && multiple ? _next - 1 : tag;
        if (tag >= _next || tag == 0)
        {
            throw new WorkloadException($"a confirm for tag {tag}, published were {_next - 1}");
        }

        for (ulong t = multiple ? _floor : tag; t <= tag; t++)
        {
            ref bool confirmed = ref _confirmed[t % (ulong)limit];
            if (t < _floor || (confirmed && !multiple))
            {
                throw new WorkloadException($"tag {tag} was confirmed twice");
            }

            _outstandingCount -= confirmed ? 0 : 1;
            confirmed = true;
        }

        while (_floor < _next && _confirmed[_floor % (ulong)limit])
        {
            _confirmed[_floor % (ulong)limit] = false;
            _floor++;
        }
    }
}
