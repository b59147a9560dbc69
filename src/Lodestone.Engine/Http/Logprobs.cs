using System.Text;
using System.Text.Json;
using Lodestone.Engine.Inference;

namespace Lodestone.Engine.Http;

/// <summary>Probabilities of tokens in OpenAI's two shapes.</summary>
internal static class Logprobs
{
    // JSON knows no infinity; OpenAI writes this for what cannot be.
    private const float Least = -9999;

    public static void WriteChat(Utf8JsonWriter json, IReadOnlyList<TokenProbability>? tokens)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (var token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, token);
            json.WriteStartArray("top_logprobs");
            foreach (var other in token.Likeliest)
            {
                json.WriteStartObject();
                WriteToken(json, other);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    }

    /// <param name="json">Where.</param>
    /// <param name="tokens">Null writes null.</param>
    /// <param name="offset">Characters of the choice before the first token.</param>
    public static void WriteText(Utf8JsonWriter json, IReadOnlyList<TokenProbability>? tokens, int offset)
    {
        if (tokens is null)
        {
            json.WriteNull("logprobs");
            return;
        }

        json.WriteStartObject("logprobs");
        WriteAll("tokens", token => json.WriteStringValue(Text(token)));
        WriteAll("token_logprobs", token => json.WriteNumberValue(Finite(token.LogProbability)));
        WriteAll("top_logprobs", WriteLikeliest);
        WriteAll("text_offset", token =>
        {
            json.WriteNumberValue(offset);
            offset += Text(token).Length;
        });
        json.WriteEndObject();

        void WriteAll(string name, Action<TokenProbability> write)
        {
            json.WriteStartArray(name);
            foreach (var token in tokens)
            {
                write(token);
            }

            json.WriteEndArray();
        }

        void WriteLikeliest(TokenProbability token)
        {
            json.WriteStartObject();
            foreach (var other in token.Likeliest.DistinctBy(Text, StringComparer.Ordinal))
            {
                json.WriteNumber(Text(other), Finite(other.LogProbability));
            }

            json.WriteEndObject();
        }
    }

    private static void WriteToken(Utf8JsonWriter json, TokenProbability token)
    {
        json.WriteString("token", Text(token));
        json.WriteNumber("logprob", Finite(token.LogProbability));
        json.WriteStartArray("bytes");
        foreach (var value in token.Bytes)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static string Text(TokenProbability token) => Encoding.UTF8.GetString(token.Bytes);

    private static float Finite(float logProbability) => Math.Max(logProbability, Least);
}
