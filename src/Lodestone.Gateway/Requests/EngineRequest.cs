using System.Buffers;
using System.Text.Json;
using Lodestone.Core;

namespace Lodestone.Gateway;

/// <summary>A checked request for an answer of text, as back-ends are asked it whatever dialect it came in.</summary>
internal abstract class EngineRequest : IDisposable
{
    /// <summary>As the client wrote it.</summary>
    public required string Model { get; init; }

    public bool IsStreamed { get; init; }

    /// <summary>At least 1 where given.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>What the client calls it.</summary>
    public string MaxTokensName { get; init; } = "max_tokens";

    /// <summary>What the model must be able to do, in the order in which the body asks for it.</summary>
    public IReadOnlyList<Need> Needs { get; init; } = [];

    /// <summary>Answers wanted, each of which may have <see cref="MaxTokens"/>.</summary>
    public long Choices { get; init; } = 1;

    /// <summary>Tokens that <see cref="ForCounting"/> may miss.</summary>
    public virtual long CountSlack => 0;

    /// <summary>How tokens are to be chosen, under the names of the GenAI conventions.</summary>
    public virtual IEnumerable<(string Name, object Value)> Sampling => [];

    /// <summary>Of the prompt as JSON: its text has at most so many tokens.</summary>
    public abstract int PromptBytes { get; }

    /// <summary>Where back-ends are asked, below <c>/v1</c>.</summary>
    public abstract string Path { get; }

    /// <summary>The body that asks our engine how many tokens the prompt has.</summary>
    public abstract byte[] ForCounting();

    /// <summary>The body that asks our engine for the answer: always streamed, with the usage in every chunk.</summary>
    public abstract byte[] ForEngine(CallSize size);

    /// <summary>The body that asks a remote back-end for the answer: always streamed, with the usage at the end.</summary>
    public abstract byte[] ForRemote(string model, CallSize size);

    /// <exception cref="Refusal"><c>unsupported_parameter</c>: the first thing that the model cannot do.</exception>
    public void CheckNeeds(CalledModel model)
    {
        foreach (var need in Needs)
        {
            if (!model.Features.HasFlag(need.Feature))
            {
                throw GatewayRefusals.UnsupportedBy(model.Id, need);
            }
        }
    }

    public abstract void Dispose();

    protected static byte[] Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            write(json);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What only remote back-ends are told.</summary>
    protected static void WriteRemoteMembers(Utf8JsonWriter json, string model, CallSize size)
    {
        json.WriteString("model", model);
        json.WriteNumber("max_tokens", size.MaxOutput);
        json.WriteBoolean("stream", true);
        json.WriteStartObject("stream_options");
        json.WriteBoolean("include_usage", true);
        json.WriteEndObject();
    }

    /// <summary>What only our engine is told.</summary>
    protected static void WriteEngineMembers(Utf8JsonWriter json, CallSize size)
    {
        json.WriteNumber("lodestone_max_prompt", size.Prompt);
        json.WriteNumber("max_tokens", size.MaxOutput);
        json.WriteBoolean("stream", true);
        json.WriteBoolean("lodestone_usage", true);
    }
}

/// <summary>Something that not every model can do.</summary>
/// <param name="Param">The member that asks for it.</param>
/// <param name="What">In words, where the member's name does not say it.</param>
internal sealed record Need(ModelFeatures Feature, string Param, string? What = null);
