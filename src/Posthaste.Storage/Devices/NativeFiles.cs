using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Posthaste.Storage.Devices;

/// <summary>What durability needs and the base library does not offer.</summary>
internal static partial class NativeFiles
{
    private const int Interrupted = 4;  // EINTR
    private const int NoSpace = 28;     // ENOSPC
    private const int OverQuota = 122;  // EDQUOT on Linux
    private const int WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>
    /// Makes written data durable: without the timestamps where the system can (a write less per sync).
    /// </summary>
    public static void SyncData(SafeFileHandle handle)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle);
            return;
        }
        while (FDataSync(handle) != 0)
        {
            int error = Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                throw new IOException($"fdatasync failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
            }
        }
    }

    /// <summary>Makes the names in a directory durable; on Windows the file system journals them itself.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows() || !Directory.Exists(path))
        {
            return;
        }
        int descriptor = OpenPath(path, 0);
        if (descriptor < 0)
        {
            throw Failed("open", path);
        }
        try
        {
            if (FSync(descriptor) != 0)
            {
                throw Failed("fsync", path);
            }
        }
        finally
        {
            _ = ClosePath(descriptor);
        }
    }

    public static bool IsNoSpace(int code) =>
        code is NoSpace or OverQuota or WindowsDiskFull or WindowsHandleDiskFull;

    private static IOException Failed(string call, string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{call} of directory {path} failed: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int descriptor);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenPath(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int ClosePath(int descriptor);
}
