using Posthaste.Storage.Devices;
using Posthaste.Storage.Journaling;

namespace Posthaste.Storage.Tests.Journaling;

public sealed class JournalAllocationTests
{
    [Fact]
    public void Appending_committing_and_pinning_allocate_nothing_in_steady_state()
    {
        using var directory = new TemporaryDirectory();
        using var device = new FileDevice(directory.Path);
        using Journal journal = Journal.Open(device, new JournalOptions
        {
            Epoch = 1,
            Salt = 1,
            FirstFileBytes = 64 * 1024 * 1024,
            FileBytes = 64 * 1024 * 1024,
            ResidentBytesMax = 2 * 1024 * 1024,
        }, 0, new SampleData.RecordingNothing(), out _);
        Run(journal, batchCount: 60); // fills the pools: more than the resident budget

        // The runtime allocates a little on this thread while it recompiles a hot method: the best round counts. What a
        // record allocates, every round does.
        long least = long.MaxValue;
        for (int round = 0; round < 10 && least > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Run(journal, batchCount: 20);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.Equal(0, least);
        Assert.Single(journal.Files);
        Assert.True(journal.ResidentBytes <= 4 * 1024 * 1024);
    }

    private static void Run(Journal journal, int batchCount)
    {
        for (int i = 0; i < batchCount; i++)
        {
            long last = 0;
            for (int record = 0; record < 100; record++)
            {
                journal.Append(1, 1_024, out last).Fill(7);
            }
            if (!journal.TryPin(last, 1_024, out JournalBlock pinned, out _))
            {
                Assert.Fail("What was just appended is in memory.");
            }
            pinned.Release();
            JournalBlock block = journal.RentLarge(70_000);
            block.Payload.Fill(1);
            journal.AppendLarge(2, block);
            journal.Seal(1, out JournalBatch batch);
            journal.Commit(batch);
        }
    }
}
