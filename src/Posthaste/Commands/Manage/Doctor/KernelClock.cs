using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Posthaste.Commands.Manage.Doctor;

/// <summary>What the kernel of Linux says of its clock.</summary>
internal static partial class KernelClock
{
    /// <summary>The state of a clock that nothing keeps right (TIME_ERROR of adjtimex(2)).</summary>
    private const int Unsynchronized = 5;

    /// <summary>
    /// Whether a time service, or the host of the virtual machine, keeps the clock right; null if nobody knows.
    /// </summary>
    public static bool? IsSynchronized
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return null;
            var settings = default(Settings);
            var state = AdjustTime(ref settings);
            return state < 0 ? null : state != Unsynchronized;
        }
    }

    [LibraryImport("libc", EntryPoint = "adjtimex", SetLastError = true)]
    private static partial int AdjustTime(ref Settings settings);

    /// <summary>
    /// All zeros: nothing is to be changed. Larger than the structure, whose 208 bytes are written and not looked at.
    /// </summary>
    [InlineArray(256)]
    private struct Settings
    {
        private byte _first;
    }
}
