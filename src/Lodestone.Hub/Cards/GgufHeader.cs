using System.Globalization;
using System.Text;

namespace Lodestone.Hub;

/// <summary>What a GGUF file says of its model.</summary>
/// <param name="Total">Parameters.</param>
/// <param name="ContextLength">Tokens.</param>
/// <param name="Kind">As the file names it: <c>model</c>, <c>adapter</c>; most files of models leave it out.</param>
internal sealed record GgufFacts(long Total, string? Architecture, long? ContextLength, string? ChatTemplate, string? BosToken, string? EosToken, string? Kind = null);

/// <summary>
/// Reads a GGUF file's header (versions 2 and 3): key-value pairs, then each tensor's shape. Every length is checked against
/// what a header can sensibly have, so that a hostile file costs no more than a few megabytes of reading.
/// </summary>
internal sealed class GgufHeader
{
    private const long MaxHeader = 96 * 1024 * 1024;
    private const int MaxText = 1024 * 1024;
    private const long MaxEntries = 1 << 20;

    private readonly BinaryReader _reader;
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly List<KeyValuePair<string, string>> _pairs = [];
    private readonly List<TensorShape> _shapes = [];
    private long _left = MaxHeader;
    private long _total;
    private List<string>? _tokens;

    private GgufHeader(BinaryReader reader) => _reader = reader;

    /// <returns>Null when this is not a GGUF file or its header is damaged.</returns>
    public static GgufFacts? Read(Stream file) => Read(file, header => header.Facts());

    /// <summary>Everything in the header, for people to look at.</summary>
    /// <inheritdoc cref="Read(Stream)"/>
    public static TensorFile? List(Stream file) => Read(file, header => new TensorFile(header._pairs, header._shapes, header._total));

    private static T? Read<T>(Stream file, Func<GgufHeader, T> take)
        where T : class
    {
        using var buffered = new BufferedStream(file, 256 * 1024);
        using var reader = new BinaryReader(buffered, Encoding.UTF8);
        try
        {
            var header = new GgufHeader(reader);
            return header.Read() ? take(header) : null;
        }
        catch (Exception failure) when (failure is EndOfStreamException or InvalidDataException or OverflowException)
        {
            return null;
        }
    }

    private bool Read()
    {
        if (_reader.ReadUInt32() != 0x46554747 || _reader.ReadUInt32() is not (2 or 3)) // "GGUF"
        {
            return false;
        }

        var tensors = Count();
        var pairs = Count();
        for (var i = 0L; i < pairs; i++)
        {
            var key = Text();
            ReadPair(key, _reader.ReadUInt32());
        }

        for (var i = 0L; i < tensors; i++)
        {
            _total = checked(_total + TensorSize());
        }

        return true;
    }

    private GgufFacts Facts()
    {
        var architecture = Find<string>("general.architecture");
        return new GgufFacts(
            _total, architecture, Whole($"{architecture}.context_length"), Find<string>("tokenizer.chat_template"),
            Token("tokenizer.ggml.bos_token_id"), Token("tokenizer.ggml.eos_token_id"), Find<string>("general.type"));
    }

    private void ReadPair(string key, uint type)
    {
        if (type != Array)
        {
            var value = Value(type);
            _values[key] = value;
            _pairs.Add(KeyValuePair.Create(key, Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));
            return;
        }

        var elementType = _reader.ReadUInt32();
        var count = Count();
        _pairs.Add(KeyValuePair.Create(key, string.Create(CultureInfo.InvariantCulture, $"{count:N0} values")));
        var tokens = key is "tokenizer.ggml.tokens" && elementType == String ? new List<string>((int)Math.Min(count, 1 << 16)) : null;
        _tokens = tokens ?? _tokens;
        for (var i = 0L; i < count; i++)
        {
            var value = Value(elementType);
            tokens?.Add((string)value); // checked to be text above
        }
    }

    private const uint String = 8;
    private const uint Array = 9;

    private object Value(uint type)
    {
        Spend(8);
        return type switch
        {
            0 => (long)_reader.ReadByte(),
            1 => (long)_reader.ReadSByte(),
            2 => (long)_reader.ReadUInt16(),
            3 => (long)_reader.ReadInt16(),
            4 => (long)_reader.ReadUInt32(),
            5 => (long)_reader.ReadInt32(),
            6 => (double)_reader.ReadSingle(),
            7 => _reader.ReadByte() != 0,
            String => Text(),
            10 => checked((long)_reader.ReadUInt64()),
            11 => _reader.ReadInt64(),
            12 => _reader.ReadDouble(),
            _ => throw new InvalidDataException("Unknown type of value"),
        };
    }

    private long TensorSize()
    {
        var name = Text();
        var dimensions = _reader.ReadUInt32();
        if (dimensions > 8)
        {
            throw new InvalidDataException("Too many dimensions");
        }

        var shape = new long[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            shape[i] = checked((long)_reader.ReadUInt64());
        }

        _shapes.Add(new TensorShape(name, GgufTypes.NameOf(_reader.ReadUInt32()), shape));
        _reader.ReadUInt64(); // where its values begin
        return shape.Aggregate(1L, (product, length) => checked(product * length));
    }

    private string Text()
    {
        var length = _reader.ReadUInt64();
        if (length > MaxText)
        {
            throw new InvalidDataException("A text is too long");
        }

        Spend((long)length + 8);
        var bytes = _reader.ReadBytes((int)length);
        return bytes.Length == (int)length ? CardValues.Clean(Encoding.UTF8.GetString(bytes)) : throw new EndOfStreamException();
    }

    private long Count()
    {
        var count = _reader.ReadUInt64();
        return count <= MaxEntries ? (long)count : throw new InvalidDataException("Too many entries");
    }

    private void Spend(long bytes)
    {
        _left -= bytes;
        if (_left < 0)
        {
            throw new InvalidDataException("The header is too long");
        }
    }

    private T? Find<T>(string key)
        where T : class => _values.GetValueOrDefault(key) as T;

    private long? Whole(string key) => _values.GetValueOrDefault(key) as long?;

    private string? Token(string key) => Whole(key) is { } id && _tokens is not null && id >= 0 && id < _tokens.Count ? _tokens[(int)id] : null;
}
