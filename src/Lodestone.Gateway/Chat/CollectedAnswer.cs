using System.Buffers;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>One JSON object when everything is there. Until then nothing is delivered, so a call that ends early costs nothing.</summary>
internal abstract class CollectedAnswer(HttpResponse response) : Answer
{
    private readonly SortedList<int, CollectedChoice> _choices = [];

    /// <summary>By index; at least one.</summary>
    protected IList<CollectedChoice> Choices => _choices.Count > 0 ? _choices.Values : [new CollectedChoice(0)];

    /// <summary>The first choice, which most answers have alone.</summary>
    protected CollectedChoice Only => Choices[0];

    public override Task FlushAsync(CancellationToken cancel) => Task.CompletedTask;

    public override void Restart()
    {
        base.Restart();
        _choices.Clear();
    }

    public override async Task EndAsync(CancellationToken cancel)
    {
        response.ContentType = "application/json";
        await using (var json = new Utf8JsonWriter(response.BodyWriter))
        {
            WriteTo(json);
        }

        await response.BodyWriter.FlushAsync(cancel);
    }

    /// <summary>Never needed: nothing is sent before the end, so errors go out with a status of their own.</summary>
    public override Task FailAsync(Refusal refusal, CancellationToken cancel) => throw refusal;

    protected abstract void WriteTo(Utf8JsonWriter json);

    protected sealed override void Write(EngineEvent made)
    {
        if (!made.IsNews)
        {
            return;
        }

        if (!_choices.TryGetValue(made.Choice, out var choice))
        {
            _choices[made.Choice] = choice = new CollectedChoice(made.Choice);
        }

        choice.Add(made);
    }
}

/// <summary>One choice of an answer, put together.</summary>
/// <param name="index">Its place among them.</param>
internal sealed class CollectedChoice(int index)
{
    // The inside of a JSON string: pieces of escaped text joined are escaped text.
    private readonly ArrayBufferWriter<byte> _text = new(1024);
    private readonly ArrayBufferWriter<byte> _reasoning = new();
    private readonly SortedList<int, CollectedCall> _calls = [];

    public int Index => index;

    /// <summary>The answer's text, as a JSON string.</summary>
    public byte[] QuotedText => Quote(_text);

    public string Text => JsonSerializer.Deserialize<string>(QuotedText)!; // a JSON string

    public bool HasText => _text.WrittenCount > 0;

    public byte[] QuotedReasoning => Quote(_reasoning);

    public bool HasReasoning => _reasoning.WrittenCount > 0;

    public IList<CollectedCall> Calls => _calls.Values;

    /// <summary>Why it ended.</summary>
    public string Finish { get; private set; } = "stop";

    /// <summary>Every piece's, as JSON objects.</summary>
    public List<byte[]> Logprobs { get; } = [];

    public void Add(EngineEvent made)
    {
        Append(_text, made.Text);
        Append(_reasoning, made.Reasoning);
        if (!made.Logprobs.IsEmpty)
        {
            Logprobs.Add(made.Logprobs.ToArray());
        }

        AddCalls(made);
        if (!made.Finish.IsEmpty)
        {
            Finish = JsonSerializer.Deserialize<string>(made.Finish)!; // a JSON string
        }
    }

    /// <summary>Only the tool calls.</summary>
    public void AddCalls(EngineEvent made)
    {
        if (!made.Calls.IsEmpty)
        {
            ToolCallPieces.Read(made.Calls, piece => Find(piece.Index).Add(piece));
        }
    }

    private CollectedCall Find(int at) => _calls.TryGetValue(at, out var call) ? call : _calls[at] = new CollectedCall();

    private static void Append(ArrayBufferWriter<byte> buffer, ReadOnlySpan<byte> quoted)
    {
        if (!quoted.IsEmpty)
        {
            buffer.Write(quoted[1..^1]);
        }
    }

    private static byte[] Quote(ArrayBufferWriter<byte> buffer) => [(byte)'"', .. buffer.WrittenSpan, (byte)'"'];
}
