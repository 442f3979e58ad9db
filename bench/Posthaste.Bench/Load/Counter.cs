using System.Runtime.InteropServices;

namespace Posthaste.Bench.Load;

/// <summary>A count with one writer and any readers, alone on its cache lines.</summary>
internal sealed class Counter
{
    private Padded _padded;

    public long Value
    {
        get => Volatile.Read(ref _padded.Value);
        set => Volatile.Write(ref _padded.Value, value);
    }

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Padded
    {
        [FieldOffset(128)]
        public long Value;
    }
}
