using System.Diagnostics;
using System.Globalization;
using System.Text;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace ECommerce;

/// <summary>
/// A service that does something with every order: payment, inventory, … Its queue is durable and its own, so orders
/// wait there while it is away, and it acknowledges an order after its work is done.
/// <para>It tells what it does on standard output: <c>ready</c>, then <c>handled ORDER first|again</c>.</para>
/// </summary>
internal static class Subscriber
{
    /// <summary>Runs until standard input ends.</summary>
    /// <param name="crashAt">The order in the middle of which the process dies; null to live on.</param>
    public static async Task<int> RunAsync(string name, Uri broker, int? crashAt)
    {
        var factory = new ConnectionFactory { Uri = broker, ClientProvidedName = name };
        await using var connection = await factory.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();

        await channel.QueueDeclareAsync(name, durable: true, exclusive: false, autoDelete: false);
        await channel.QueueBindAsync(name, OrderService.Exchange, "order.#");
        await channel.BasicQosAsync(prefetchSize: 0, prefetchCount: 1, global: false);

        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += async (_, delivery) =>
        {
            var order = int.Parse(Encoding.UTF8.GetString(delivery.Body.Span), CultureInfo.InvariantCulture);
            // Not an exception and not a clean exit: the process is gone between the work and the acknowledgement.
            if (order == crashAt) Process.GetCurrentProcess().Kill();

            Console.WriteLine($"handled {order} {(delivery.Redelivered ? "again" : "first")}");
            await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
        };
        await channel.BasicConsumeAsync(name, autoAck: false, consumer);
        Console.WriteLine("ready");

        await Console.In.ReadToEndAsync();
        return 0;
    }
}
