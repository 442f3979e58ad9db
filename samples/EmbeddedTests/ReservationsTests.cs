using Posthaste.Server;

namespace EmbeddedTests;

/// <summary>
/// Tests of an application with a real broker inside the test process: no container, no shared server, no fixed port.
/// Each test has a broker of its own, so they run side by side.
/// </summary>
public sealed class ReservationsTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_seat_is_free_again_after_fifteen_minutes()
    {
        // The broker's clock is the test's: fifteen minutes pass in no time.
        var time = new ManualTime();
        await using var broker = await PosthasteBroker.StartAsync(options => options.Time = time);
        await using var reservations = await Reservations.OpenAsync(broker.AmqpUri);
        var freed = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await reservations.WhenExpiredAsync(freed.SetResult);

        await reservations.HoldAsync("12A");
        time.Advance(Reservations.HoldTime - TimeSpan.FromMinutes(1));
        Assert.Equal(1u, await reservations.CountHeldAsync());
        Assert.False(freed.Task.IsCompleted);

        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("12A", await freed.Task.WaitAsync(Deadline));
        Assert.Equal(0u, await reservations.CountHeldAsync());
    }

    [Fact]
    public async Task A_held_seat_survives_a_restart_of_the_broker()
    {
        var directory = Directory.CreateTempSubdirectory("embedded-tests-");
        try
        {
            await using (var broker = await StartAsync(directory))
            await using (var reservations = await Reservations.OpenAsync(broker.AmqpUri))
            {
                await reservations.HoldAsync("12A");
            }

            await using (var broker = await StartAsync(directory))
            await using (var reservations = await Reservations.OpenAsync(broker.AmqpUri))
            {
                Assert.Equal(1u, await reservations.CountHeldAsync());
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static Task<PosthasteBroker> StartAsync(DirectoryInfo directory) =>
        PosthasteBroker.StartAsync(options => options.UseDirectory(directory.FullName));
}
