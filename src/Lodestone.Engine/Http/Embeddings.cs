using System.Runtime.InteropServices;
using System.Text.Json;

namespace Lodestone.Engine.Http;

/// <summary>POST /v1/embeddings: one vector of length 1 for each text, in the order of the texts.</summary>
internal static class Embeddings
{
    public static async Task Answer(HttpContext http, ServedModel served)
    {
        var request = await RequestBody.Read(http.Request, EngineJson.Default.EmbeddingRequest, http.RequestAborted);
        var isBase64 = request.EncodingFormat switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw ApiFault.Invalid("encoding_format", "'encoding_format' must be float or base64."),
        };
        var dimensions = GenerationTerms.Checked(request.Dimensions, 1, served.Model.EmbeddingLength, "dimensions") ?? served.Model.EmbeddingLength;
        var texts = Prompts.Read(served.Model, request.Input, "input");
        GenerationTerms.CheckBound(texts.Sum(text => text.Length), new Asked("input", request.LodestoneMaxPrompt, Salt: null, http.RequestAborted));
        CheckLengths(texts, served.Loop.EmbeddingContext);
        using var unwanted = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        var vectors = await served.Loop.Embed(texts, unwanted.Token)
            ?? throw new ApiFault(StatusCodes.Status503ServiceUnavailable, "Too many requests wait for this model. Try again later.", code: "overloaded");
        http.Response.ContentType = "application/json";
        Write(http, served.Name, vectors.ConvertAll(vector => vector[..dimensions]), isBase64, texts.Sum(text => text.Length));
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
    }

    private static void CheckLengths(List<int[]> texts, int context)
    {
        var index = texts.FindIndex(text => text.Length > context);
        if (index >= 0)
        {
            var param = texts.Count == 1 ? "input" : $"input[{index}]";
            throw new ApiFault(
                StatusCodes.Status400BadRequest,
                $"This model embeds at most {context} tokens at once; '{param}' has {texts[index].Length}. Cut it into parts.",
                param,
                "context_length_exceeded");
        }
    }

    private static void Write(HttpContext http, string model, List<float[]> vectors, bool isBase64, int tokens)
    {
        using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        for (var i = 0; i < vectors.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("object", "embedding");
            json.WriteNumber("index", i);
            json.WritePropertyName("embedding");
            WriteVector(json, vectors[i], isBase64);
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

    private static void WriteVector(Utf8JsonWriter json, float[] vector, bool isBase64)
    {
        // A vector cut short by `dimensions` has length 1 again.
        var length = MathF.Sqrt(vector.Sum(number => number * number));
        vector = Array.ConvertAll(vector, number => number / Math.Max(length, float.Epsilon));
        if (isBase64)
        {
            json.WriteBase64StringValue(MemoryMarshal.AsBytes<float>(vector)); // little-endian, as every machine that llama.cpp runs on here
            return;
        }

        json.WriteStartArray();
        foreach (var number in vector)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }
}
