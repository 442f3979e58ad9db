using System.IO.Pipelines;

namespace Posthaste.Broker.Sessions;

/// <summary>
/// The block of a pipe that is being written to, kept from one frame to the next. A pipe takes a lock each time that it
/// is told of written bytes, and shares it with whoever sends them: so it is told once a block and once a flush.
/// </summary>
internal struct PipeBlock(PipeWriter pipe)
{
    private Memory<byte> _memory;
    private int _written;

    /// <summary>Room for at least this many bytes in one piece, behind those that were written.</summary>
    public Span<byte> GetSpan(int bytes)
    {
        if (_memory.Length - _written < bytes)
        {
            Commit();
            _memory = pipe.GetMemory(bytes);
        }

        return _memory.Span[_written..];
    }

    public void Advance(int bytes) => _written += bytes;

    /// <summary>
    /// Tells the pipe of what was written and lets the block go: what follows is a flush, or a write past this one.
    /// </summary>
    public void Commit()
    {
        if (_written > 0)
            pipe.Advance(_written);
        _memory = default;
        _written = 0;
    }
}
