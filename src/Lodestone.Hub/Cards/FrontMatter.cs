using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Lodestone.Hub;

/// <summary>The YAML block at the head of a README.md, as JSON. Dates stay text.</summary>
/// <param name="Data">The block; null when there is none or it is invalid.</param>
/// <param name="Error">Why the block is invalid.</param>
/// <param name="Body">The text behind the block.</param>
internal sealed record FrontMatter(JsonObject? Data, string? Error, string Body)
{
    /// <summary>Characters. Real blocks with thousands of evaluation results stay well below.</summary>
    private const int MaxLength = 512 * 1024;

    /// <summary>Of the error, from 1, in the whole file; null when it is not in one line.</summary>
    public int? Line { get; init; }

    /// <summary>What to do about the error; null when nobody can say.</summary>
    public string? Fix { get; init; }

    public static FrontMatter Read(string readme)
    {
        if (Block(readme) is not { } block)
        {
            return new FrontMatter(null, null, readme);
        }

        var (yaml, body) = block;
        if (yaml.Length > MaxLength)
        {
            return new FrontMatter(null, $"The metadata block is longer than {MaxLength} characters.", body);
        }

        try
        {
            return YamlAsJson.Read(yaml) switch
            {
                JsonObject data => new FrontMatter(data, null, body),
                null => new FrontMatter(null, null, body),
                _ => new FrontMatter(null, "The metadata block must be a mapping of names to values.", body),
            };
        }
        catch (YamlException failure)
        {
            var lines = new CardLines(readme);
            var line = lines.LastWritten((int)failure.Start.Line + lines.Before);
            return new FrontMatter(null, $"The metadata block is not valid YAML at line {line}: {failure.Message}", body) { Line = line, Fix = CardAdvice.FixOf(lines.Text(line)) };
        }
    }

    /// <summary>Blank lines may stand before the first <c>---</c>.</summary>
    private static (string Yaml, string Body)? Block(string readme)
    {
        var text = readme.AsSpan().TrimStart("\ufeff \t\r\n");
        if (!text.StartsWith("---") || !EndsLine(text[3..]))
        {
            return null;
        }

        var start = text.IndexOf('\n') + 1;
        for (var line = start; line < text.Length;)
        {
            var length = text[line..].IndexOf('\n');
            var end = length < 0 ? text.Length : line + length;
            if (text[line..end].TrimEnd() is "---")
            {
                return (text[start..line].ToString(), text[Math.Min(end + 1, text.Length)..].ToString());
            }

            line = end + 1;
        }

        return null;
    }

    private static bool EndsLine(ReadOnlySpan<char> rest) => rest.IndexOf('\n') is >= 0 and var end && rest[..end].IsWhiteSpace();
}

/// <summary>
/// Reads one YAML document without trusting it: nesting and the number of values (aliases counted as often as they are used)
/// are bounded, and tags make nothing but text, numbers and truth values.
/// </summary>
internal sealed class YamlAsJson
{
    private const int MaxDepth = 40;
    private const int MaxValues = 100_000;

    private readonly Parser _parser;
    private readonly Dictionary<AnchorName, JsonNode?> _anchors = [];
    private int _values;

    private YamlAsJson(string yaml) => _parser = new Parser(new StringReader(yaml));

    /// <exception cref="YamlException">Not YAML, or beyond the bounds.</exception>
    public static JsonNode? Read(string yaml)
    {
        var reader = new YamlAsJson(yaml);
        reader._parser.Consume<StreamStart>();
        if (!reader._parser.TryConsume<DocumentStart>(out _))
        {
            return null;
        }

        var document = reader.Value(0);
        reader._parser.Consume<DocumentEnd>();
        return document;
    }

    private JsonNode? Value(int depth)
    {
        Count(depth);
        if (_parser.TryConsume<AnchorAlias>(out var alias))
        {
            return Copy(alias, depth);
        }

        if (_parser.TryConsume<Scalar>(out var scalar))
        {
            return Remember(scalar.Anchor, YamlScalar.Read(scalar));
        }

        if (_parser.TryConsume<SequenceStart>(out var sequence))
        {
            var array = new JsonArray();
            while (!_parser.TryConsume<SequenceEnd>(out _))
            {
                array.Add(Value(depth + 1));
            }

            return Remember(sequence.Anchor, array);
        }

        var mapping = _parser.Consume<MappingStart>();
        var map = new JsonObject();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            var key = _parser.Consume<Scalar>();
            if (!map.TryAdd(CardValues.Clean(key.Value), Value(depth + 1)))
            {
                throw new SemanticErrorException(key.Start, key.End, $"'{key.Value}' occurs twice.");
            }
        }

        return Remember(mapping.Anchor, map);
    }

    private JsonNode? Remember(AnchorName anchor, JsonNode? value)
    {
        if (!anchor.IsEmpty)
        {
            _anchors[anchor] = value;
        }

        return value;
    }

    private JsonNode? Copy(AnchorAlias alias, int depth)
    {
        if (!_anchors.TryGetValue(alias.Value, out var value))
        {
            throw new AnchorNotFoundException(alias.Start, alias.End, $"There is no anchor '{alias.Value}'.");
        }

        CountCopy(value, depth);
        return value?.DeepClone();
    }

    private void CountCopy(JsonNode? value, int depth)
    {
        Count(depth);
        var children = value switch
        {
            JsonArray array => array,
            JsonObject map => map.Select(p => p.Value),
            _ => [],
        };
        foreach (var child in children)
        {
            CountCopy(child, depth + 1);
        }
    }

    private void Count(int depth)
    {
        if (depth > MaxDepth || ++_values > MaxValues)
        {
            var here = _parser.Current?.Start ?? Mark.Empty;
            throw new SemanticErrorException(here, here, "It is nested too deeply or has too many values.");
        }
    }
}
