using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Billing;

/// <summary>Reads events as CloudEvents 1.0 has them, in the structured and in the binary content mode.</summary>
internal sealed class CloudEventReader(MeterSnapshot meters, DateTimeOffset now) : IDisposable
{
    public const int MostDataBytes = 8 * 1024;

    private const int MostNameBytes = 128;

    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Age = TimeSpan.FromDays(400);

    private readonly CanonicalJson _canonical = new();

    /// <summary>An event as one JSON object.</summary>
    public Incoming Read(JsonElement structured)
    {
        if (structured.ValueKind is not JsonValueKind.Object)
        {
            return EventFault.Malformed("An event is a JSON object.");
        }

        var fields = new Fields();
        try
        {
            foreach (var member in structured.EnumerateObject())
            {
                Take(ref fields, member);
            }

            return Check(fields);
        }
        catch (InvalidOperationException) // half a character
        {
            return EventFault.Malformed("A string of the event is not valid Unicode.");
        }
    }

    /// <summary>An event whose attributes are headers and whose data is the body.</summary>
    public Incoming Read(IHeaderDictionary headers, JsonElement data)
    {
        string? Header(string name) => headers.TryGetValue(name, out var value) ? Uri.UnescapeDataString(value.ToString()) : null;
        var fields = new Fields
        {
            SpecVersion = Header("ce-specversion"),
            Id = Header("ce-id"),
            Source = Header("ce-source"),
            Type = Header("ce-type"),
            Subject = Header("ce-subject"),
            Time = DateTimeOffset.TryParse(Header("ce-time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null,
            Data = data,
        };
        try
        {
            return Check(fields);
        }
        catch (InvalidOperationException)
        {
            return EventFault.Malformed("A string of the event is not valid Unicode.");
        }
    }

    public void Dispose() => _canonical.Dispose();

    private static void Take(ref Fields fields, JsonProperty member)
    {
        if (member.NameEquals("id"u8))
        {
            fields.Id = Text(member);
        }
        else if (member.NameEquals("source"u8))
        {
            fields.Source = Text(member);
        }
        else if (member.NameEquals("type"u8))
        {
            fields.Type = Text(member);
        }
        else if (member.NameEquals("subject"u8))
        {
            fields.Subject = Text(member);
        }
        else if (member.NameEquals("specversion"u8))
        {
            fields.SpecVersion = member.Value.ValueKind is JsonValueKind.String && member.Value.ValueEquals("1.0"u8) ? "1.0" : "";
        }
        else if (member.NameEquals("time"u8))
        {
            fields.Time = member.Value.ValueKind is JsonValueKind.String && member.Value.TryGetDateTimeOffset(out var time) ? time : null;
        }
        else if (member.NameEquals("data"u8))
        {
            fields.Data = member.Value;
        }
    }

    private static string? Text(JsonProperty member) => member.Value.ValueKind is JsonValueKind.String ? member.Value.GetString() : null;

    private Incoming Check(Fields fields)
    {
        if (fields.SpecVersion != "1.0")
        {
            return EventFault.Malformed("specversion must be \"1.0\".");
        }

        if ((Lacks(fields.Id) ?? Lacks(fields.Source) ?? Lacks(fields.Type) ?? Lacks(fields.Subject)) is { } wrong)
        {
            return EventFault.Malformed($"id, source, type and subject are strings of 1 to {MostNameBytes} bytes: {wrong}.");
        }

        if (fields.Time is not { } time)
        {
            return EventFault.Malformed("time must be an instant such as 2026-03-02T09:00:00Z.");
        }

        if (time > now + Ahead)
        {
            return new EventFault("in_future", string.Create(CultureInfo.InvariantCulture, $"The event's time {Instants.ToWire(time)} is more than {Ahead.Minutes} minutes ahead. Check the producer's clock."));
        }

        if (time < now - Age)
        {
            return new EventFault("too_old", string.Create(CultureInfo.InvariantCulture, $"The event's time {Instants.ToWire(time)} is more than {Age.Days} days ago, and can be counted no more."));
        }

        if (fields.Data is not { ValueKind: JsonValueKind.Object } data)
        {
            return EventFault.Malformed("data must be a JSON object.");
        }

        if (meters.Check(fields.Type!, data) is { } fault) // it does not lack
        {
            return fault;
        }

        return _canonical.Write(data, MostDataBytes) is { } text
            ? new CloudEvent(fields.Id!, fields.Source!, fields.Type!, fields.Subject!, Instants.FromMicroseconds(Instants.ToMicroseconds(time)), text) // none lacks
            : new EventFault("data_too_large", $"data has more than {MostDataBytes} bytes.");
    }

    private static string? Lacks(string? name) => name switch
    {
        null or "" => "one is missing",
        _ when name.Length > MostNameBytes || Encoding.UTF8.GetByteCount(name) > MostNameBytes => "one is longer",
        _ when name.Contains('\0', StringComparison.Ordinal) => "one has a zero byte",
        _ => null,
    };

    [StructLayout(LayoutKind.Auto)]
    private struct Fields
    {
        public string? SpecVersion;
        public string? Id;
        public string? Source;
        public string? Type;
        public string? Subject;
        public DateTimeOffset? Time;
        public JsonElement? Data;
    }
}
