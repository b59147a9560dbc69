using System.Runtime.InteropServices;
using System.Text.Json;

namespace Lodestone.Gateway;

/// <summary>Vectors as a back-end gave them, one for each text and in the texts' order.</summary>
/// <param name="All">Each as it is to be sent.</param>
/// <param name="PromptTokens">As it was counted there; absent when it was not.</param>
internal sealed record Vectors(IReadOnlyList<float[]> All, long? PromptTokens)
{
    /// <exception cref="BackendFault">The answer is not what was asked for.</exception>
    public static Vectors Read(JsonElement answer, int count)
    {
        try
        {
            var vectors = new float[count][];
            foreach (var item in answer.GetProperty("data").EnumerateArray())
            {
                vectors[item.GetProperty("index").GetInt32()] = [.. item.GetProperty("embedding").EnumerateArray().Select(number => number.GetSingle())];
            }

            var tokens = BodyRules.TryGet(answer, "usage", out var usage) && BodyRules.TryGet(usage, "prompt_tokens", out var counted) && counted.TryGetInt64(out var number) && number > 0
                ? number
                : (long?)null;
            return Array.TrueForAll(vectors, vector => vector is { Length: > 0 }) ? new Vectors(vectors, tokens) : throw new BackendFault("The back-end left a text out.");
        }
        catch (Exception garbage) when (garbage is KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new BackendFault("The back-end sent what are no embeddings.");
        }
    }

    /// <summary>OpenAI's answer, with the id that Mistral's client insists on.</summary>
    public void WriteTo(Utf8JsonWriter json, string id, string model, bool isBase64, long tokens)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        for (var i = 0; i < All.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", i);
            json.WritePropertyName("embedding");
            if (isBase64)
            {
                json.WriteBase64StringValue(MemoryMarshal.AsBytes<float>(All[i])); // little-endian, like every machine that this runs on
            }
            else
            {
                WriteNumbers(json, All[i]);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("model", model);
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", tokens);
        json.WriteNumber("total_tokens", tokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    public static void WriteNumbers(Utf8JsonWriter json, float[] vector)
    {
        json.WriteStartArray();
        foreach (var number in vector)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
