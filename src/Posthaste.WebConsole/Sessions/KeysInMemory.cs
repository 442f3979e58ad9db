using System.Collections.Concurrent;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;

namespace Posthaste.WebConsole.Sessions;

/// <summary>
/// Keys that forms and cookies are sealed with live as long as the process, like the sessions: nothing of the console
/// is ever on disk, and a restart asks everyone to log in again.
/// </summary>
internal sealed class KeysInMemory : IXmlRepository
{
    private readonly ConcurrentQueue<XElement> _keys = new();

    public IReadOnlyCollection<XElement> GetAllElements() => [.. _keys];

    public void StoreElement(XElement element, string friendlyName) => _keys.Enqueue(element);
}
