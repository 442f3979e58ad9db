using Posthaste.Server;

namespace ECommerce;

/// <summary>
/// An order service says "order placed"; payment, inventory and notification each hear it. Inventory dies in the middle
/// of an order and gets it again. Analytics joins later. The order service never learns of any of this.
/// </summary>
internal static class Story
{
    private const int CrashOrder = 8;

    public static async Task<int> TellAsync()
    {
        await using var broker = await PosthasteBroker.StartAsync(options => options.UseTemporaryDirectory());
        Say($"A durable broker listens on {broker.AmqpUri.Authority}, its data in {broker.DataDirectory}.");

        await using var orders = await OrderService.StartAsync(broker.AmqpUri);
        await using var payment = await ServiceProcess.StartAsync("payment", broker.AmqpUri);
        await using var notification = await ServiceProcess.StartAsync("notification", broker.AmqpUri);
        await using var inventory = await ServiceProcess.StartAsync("inventory", broker.AmqpUri, CrashOrder);
        Say("Payment, notification and inventory have each brought a queue of their own.");

        await orders.PlaceAsync(5);
        foreach (var service in (ServiceProcess[])[payment, notification, inventory])
            await service.WaitUntilHandledAsync(5);
        Say("Orders 1 to 5 were placed. All three have handled all five.");

        await orders.PlaceAsync(5);
        await inventory.WaitUntilCrashedAsync();
        await payment.WaitUntilHandledAsync(10);
        await notification.WaitUntilHandledAsync(10);
        Say("Orders 6 to 10 were placed. " +
            $"Inventory was killed in the middle of order {CrashOrder}; nobody else noticed.");

        await using var restarted = await ServiceProcess.StartAsync("inventory", broker.AmqpUri);
        await restarted.WaitUntilHandledAsync(10);
        Say($"Inventory is back: order {CrashOrder} came again, marked as such, and 9 and 10 had waited in its queue.");

        await using var analytics = await ServiceProcess.StartAsync("analytics", broker.AmqpUri);
        await orders.PlaceAsync(5);
        ServiceProcess[] all = [payment, notification, restarted, analytics];
        foreach (var service in all) await service.WaitUntilHandledAsync(15);
        Say("Orders 11 to 15 reached all four. Analytics has joined with a queue of its own; " +
            "the order service was not touched.");

        return Check(payment, notification, inventory, restarted, analytics);
    }

    /// <summary>Every service handled every order that was placed since it joined, once, in order.</summary>
    private static int Check(
        ServiceProcess payment,
        ServiceProcess notification,
        ServiceProcess inventory,
        ServiceProcess restarted,
        ServiceProcess analytics)
    {
        var problems = new List<string>();
        Expect("payment", payment.Handled, from: 1, to: 15, again: null);
        Expect("notification", notification.Handled, from: 1, to: 15, again: null);
        Expect("inventory before its crash", inventory.Handled, from: 1, to: CrashOrder - 1, again: null);
        Expect("inventory after its crash", restarted.Handled, from: CrashOrder, to: 15, again: CrashOrder);
        Expect("analytics", analytics.Handled, from: 11, to: 15, again: null);

        foreach (var problem in problems) Console.Error.WriteLine(problem);
        if (problems.Count == 0) Say("Every service handled every order of its time, once and in order.");
        return problems.Count == 0 ? 0 : 1;

        void Expect(string who, IReadOnlyList<(int Order, bool IsAgain)> handled, int from, int to, int? again)
        {
            var expected = Enumerable.Range(from, to - from + 1).Select(order => (order, order == again));
            if (!handled.SequenceEqual(expected))
                problems.Add(
                    $"{who} should have handled {string.Join(' ', expected)} but handled {string.Join(' ', handled)}");
        }
    }

    private static void Say(string sentence) => Console.WriteLine($"  * {sentence}");
}
