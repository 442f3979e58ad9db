using System.IO.Pipelines;
using Posthaste.Broker.Sessions;

namespace Posthaste.Broker.Tests.Sessions;

public sealed class ConfirmWindowTests
{
    private const int Count = 2000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Confirms_are_in_order_whatever_order_messages_are_handled_in(int seed)
    {
        var random = new Random(seed);
        var output = new PlainOutput();
        var window = new RecordingWindow(output);
        var accepted = Enumerable.Range(0, Count).Select(_ => random.Next(10) > 0).ToArray();
        foreach (var seq in NearlyInOrder(random))
        {
            window.Report((ulong)seq, (ulong)seq, accepted[seq - 1], FlushSet.ForThisThread);
            if (random.Next(5) == 0)
                output.Flush();
        }

        output.Flush();
        Assert.Equal(accepted, window.Answers);
    }

    [Fact]
    public void Runs_that_have_to_wait_come_again_together_with_later_ones()
    {
        var output = new PlainOutput();
        var window = new RecordingWindow(output) { MustWait = true };
        window.Report(1, 2, accepted: true, FlushSet.ForThisThread);
        output.Flush();
        window.Report(3, 3, accepted: true, FlushSet.ForThisThread);
        output.Flush();
        Assert.Empty(window.Answers);
        window.MustWait = false;
        output.Flush();
        Assert.Equal([new ConfirmRun(1, 3, true)], window.Runs);
    }

    [Fact]
    public void A_closed_window_says_nothing_more()
    {
        var output = new PlainOutput();
        var window = new RecordingWindow(output);
        window.Close();
        window.Report(1, 1, accepted: true, FlushSet.ForThisThread);
        output.Flush();
        Assert.Empty(window.Answers);
    }

    private static int[] NearlyInOrder(Random random)
    {
        var order = Enumerable.Range(1, Count).ToArray();
        for (var i = 0; i < Count; i++)
        {
            var other = int.Min(Count - 1, i + random.Next(20));
            (order[i], order[other]) = (order[other], order[i]);
        }

        return order;
    }

    private sealed class PlainOutput() : SessionOutput(new Pipe().Writer, static () => { });

    private sealed class RecordingWindow(SessionOutput output) : ConfirmWindow(output)
    {
        public List<ConfirmRun> Runs { get; } = [];

        /// <summary>The answer to each message, by number from 1.</summary>
        public List<bool> Answers { get; } = [];

        public bool MustWait { get; set; }

        protected override bool TryWrite(ReadOnlySpan<ConfirmRun> runs)
        {
            if (MustWait)
                return false;
            Runs.AddRange(runs);
            foreach (var run in runs)
            {
                Assert.Equal((ulong)Answers.Count + 1, run.First);
                while ((ulong)Answers.Count < run.Last)
                    Answers.Add(run.Accepted);
            }

            return true;
        }
    }
}
