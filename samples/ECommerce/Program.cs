using ECommerce;

// Without arguments: the whole story. With a name and an address: one of the services, in a process of its own.
return args switch
{
    [] => await Story.TellAsync(),
    [var name, var uri] => await Subscriber.RunAsync(name, new Uri(uri), crashAt: null),
    [var name, var uri, var order] => await Subscriber.RunAsync(name, new Uri(uri), crashAt: int.Parse(order)),
    _ => 2,
};
