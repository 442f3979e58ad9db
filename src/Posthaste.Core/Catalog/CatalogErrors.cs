using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Catalog;

/// <summary>The texts of refusals, in one place, as RabbitMQ words them.</summary>
internal static class CatalogErrors
{
    public static string Queue(string name, string virtualHost) => $"queue '{name}' in vhost '{virtualHost}'";

    public static string Exchange(string name, string virtualHost) => $"exchange '{name}' in vhost '{virtualHost}'";

    public static CatalogError NotFound(string what) => new(CatalogErrorCode.NotFound, $"no {what}");

    public static CatalogError Locked(string what) => new(
        CatalogErrorCode.ResourceLocked,
        $"cannot obtain exclusive access to locked {what}. It could be originally declared on another connection or " +
        "the exclusive property value does not match that of the original declaration.");

    public static CatalogError InUse(string what) => Precondition($"{what} in use");

    public static CatalogError NotEmpty(string what) => Precondition($"{what} not empty");

    public static CatalogError Inequivalent(string argument, string what, string received, string current) =>
        Precondition($"inequivalent arg '{argument}' for {what}: received {received} but current is {current}");

    public static CatalogError InvalidArgument(string argument, string what, string fault) =>
        Precondition($"invalid arg '{argument}' for {what}: {fault}");

    public static CatalogError InvalidArgumentType(string argument, string what, string type) =>
        Precondition($"invalid type '{type}' for arg '{argument}' in {what}");

    public static CatalogError ArgumentOfOtherQueueType(string argument, string what, string queueType) =>
        Precondition($"invalid arg '{argument}' for {what} of queue type {queueType}");

    public static CatalogError InvalidProperty(string property, string what) =>
        Precondition($"invalid property '{property}' for {what}");

    public static CatalogError DefaultExchange() =>
        new(CatalogErrorCode.AccessRefused, "operation not permitted on the default exchange");

    public static CatalogError ReservedPrefix(string kind, string name) =>
        new(CatalogErrorCode.AccessRefused, $"{kind} name '{name}' contains reserved prefix 'amq.*'");

    public static CatalogError SystemExchange(string what) =>
        new(CatalogErrorCode.AccessRefused, $"deletion of system {what} not allowed");

    /// <summary>Types of RabbitMQ's plugins are refused as not built; others do not exist anywhere.</summary>
    public static CatalogError UnknownExchangeType(string type) => type
        is "x-consistent-hash" or "x-modulus-hash" or "x-random" or "x-local-random" or "x-recent-history"
        or "x-jms-topic"
        ? NotImplemented($"exchange type '{type}' is not supported")
        : Precondition($"unknown exchange type '{type}'");

    public static CatalogError MissingDelayedType() =>
        Precondition("Invalid argument, 'x-delayed-type' must be an existing exchange type");

    public static CatalogError DelayedTypeOfItself() =>
        Precondition("Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'");

    public static CatalogError InvalidMatchMode(FieldValue mode) => mode.Type == FieldType.String
        ? Precondition($"Invalid x-match field value <<\"{mode}\">>; expected all, any, all-with-x, or any-with-x")
        : Precondition($"Invalid x-match field type {mode.Type.WireName()} (value {mode}); expected longstr");

    public static CatalogError QueueLimit(string queue, string virtualHost, long max) =>
        Precondition($"cannot declare queue '{queue}': queue limit in vhost '{virtualHost}' ({max}) is reached");

    public static CatalogError ExchangeLimit(string what, int max) =>
        Precondition($"cannot declare {what}: exchange limit of {max} is reached");

    public static CatalogError BindingLimit(string virtualHost, int max) =>
        Precondition($"cannot bind: binding limit in vhost '{virtualHost}' ({max}) is reached");

    public static CatalogError BindingBytesLimit(string virtualHost, long bytesMax) => Precondition(
        $"cannot bind: the binding keys in vhost '{virtualHost}' have all of the {bytesMax} bytes that they may");

    public static CatalogError TooManyWords(int max) =>
        Precondition($"binding key has more than the {max} words that it may have");

    public static CatalogError TooLong(string what, int bytesMax) =>
        Precondition($"{what} is longer than {bytesMax} bytes");

    public static CatalogError NotImplemented(string text) => new(CatalogErrorCode.NotImplemented, text);

    public static CatalogError Precondition(string text) => new(CatalogErrorCode.PreconditionFailed, text);
}
