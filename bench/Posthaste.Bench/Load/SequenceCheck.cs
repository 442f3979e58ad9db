namespace Posthaste.Bench.Load;

/// <summary>
/// Checks that what one subscription gets is in the publisher's order, without duplicates and, if asked, without gaps.
/// </summary>
/// <param name="name">What to call the subscription in the complaint.</param>
/// <param name="gapless">Whether every number has to come; false where routing gives the queue only some of
/// them.</param>
internal sealed class SequenceCheck(string name, bool gapless)
{
    private long _last = -1;

    public void Next(long sequence)
    {
        if (gapless ? sequence != _last + 1 : sequence <= _last)
        {
            throw new WorkloadException($"{name}: message {sequence} came after message {_last}");
        }

        _last = sequence;
    }
}
