using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Lodestone.Core;

namespace Lodestone.Billing;

/// <summary>Something that was measured, as its producer says it (CloudEvents 1.0).</summary>
/// <param name="Id">Chosen by the producer from what was measured.</param>
/// <param name="Source">The producer.</param>
/// <param name="Type">What kind of thing was measured: the type of a meter.</param>
/// <param name="Subject">Who pays: an account, or an alias of one.</param>
/// <param name="Time">When it happened.</param>
/// <param name="Data">A JSON object, see <see cref="CanonicalJson"/>.</param>
internal sealed record CloudEvent(string Id, string Source, string Type, string Subject, DateTimeOffset Time, string Data)
{
    public const int KeyBytes = 16;

    private const int Stack = 1024;

    /// <summary>Identifies the event for ever within its tenant.</summary>
    public byte[] Key(Guid tenantId)
    {
        Span<byte> whole = stackalloc byte[16 + 1 + 128 + 1 + 128]; // both names have at most 128 bytes
        tenantId.TryWriteBytes(whole, bigEndian: true, out var length);
        whole[length++] = 0;
        length += Encoding.UTF8.GetBytes(Source, whole[length..]);
        whole[length++] = 0;
        length += Encoding.UTF8.GetBytes(Id, whole[length..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(whole[..length], digest);
        return digest[..KeyBytes].ToArray();
    }

    /// <summary>Of what must not differ when the event comes again.</summary>
    public byte[] Hash() => Hash(Type, Subject, Time, Data);

    public static byte[] Hash(string type, string subject, DateTimeOffset time, string data)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{type}\0{subject}\0{Instants.ToMicroseconds(time)}\0{data}");
        var most = Encoding.UTF8.GetMaxByteCount(text.Length);
        var bytes = most <= Stack ? stackalloc byte[Stack] : new byte[most];
        return SHA256.HashData(bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
    }
}

/// <summary>Why an event is refused.</summary>
/// <param name="Code">Snake case; part of the API.</param>
internal sealed record EventFault(string Code, string Message)
{
    public static EventFault Malformed(string message) => new("malformed", message);

    /// <summary>What the sender of one event is answered.</summary>
    public Refusal ToRefusal() => new(new RefusalCode(Code, Code == "malformed" ? 400 : 422), Message);
}

/// <summary>An event as it came in: well-formed, or why not.</summary>
internal readonly record struct Incoming(CloudEvent? Event, EventFault? Fault)
{
    public static implicit operator Incoming(CloudEvent taken) => new(taken, null);

    public static implicit operator Incoming(EventFault fault) => new(null, fault);
}
