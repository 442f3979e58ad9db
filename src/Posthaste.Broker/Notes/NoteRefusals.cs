using Posthaste.Core.Notes;

namespace Posthaste.Broker.Notes;

/// <summary>Refusals in words for people.</summary>
internal static class NoteRefusals
{
    /// <returns>Null when nothing was refused.</returns>
    public static string? Explain(NoteRefusal refusal) => refusal switch
    {
        NoteRefusal.None => null,
        NoteRefusal.NotRecorded => "it can't be stored: the disk is full, or the journal has failed",
        NoteRefusal.Deleted => "the virtual host is deleted",
        _ => $"it can't be stored: {refusal}",
    };
}
