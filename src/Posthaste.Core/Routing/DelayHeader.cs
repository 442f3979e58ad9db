using System.Globalization;
using Posthaste.Primitives.Tables;

namespace Posthaste.Core.Routing;

/// <summary>
/// The header `x-delay`: for how many milliseconds an exchange of the type `x-delayed-message` holds a message back.
/// Whole numbers, texts of such and fractions, which lose what is behind the point, as in RabbitMQ's plugin; anything
/// else, and what is not above zero, delays nothing.
/// </summary>
public static class DelayHeader
{
    public const string Name = "x-delay";

    /// <summary>
    /// Milliseconds that a message is held back at most; more counts as this. 36,525 days, which are 100 years: longer
    /// than anybody waits, and far within the 48 bits that an entry has for its time.
    /// </summary>
    public const long DelayMsMax = 36_525L * 24 * 60 * 60 * 1_000;

    /// <summary>Reads the delay out of the headers; false if there is none.</summary>
    public static bool TryRead(in RouteHeaders headers, out long delayMs)
    {
        delayMs = 0;
        return headers.TryGet(Name, out var value) && TryRead(value, out delayMs);
    }

    /// <summary>Reads the delay out of the header's value; false if it says none.</summary>
    public static bool TryRead(FieldValue value, out long delayMs)
    {
        delayMs = 0;
        if (value.TryGetInt64(out var whole))
            delayMs = whole;
        else if (value.TryGetDouble(out var fraction))
            delayMs = fraction is > 0 and < DelayMsMax ? (long)fraction : fraction > 0 ? DelayMsMax : 0;
        else if (value.TryGetString(out var text))
            delayMs = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                ? number
                : 0;
        delayMs = Math.Min(delayMs, DelayMsMax);
        return delayMs > 0;
    }
}
