using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;

namespace Lodestone.Tests.Engine;

[NoDatabase]
public sealed class WorkerLifeTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("worker");

    [Fact]
    public async Task A_file_cut_short_is_refused_with_the_reason()
    {
        var whole = await File.ReadAllBytesAsync(EngineProcess.DemoModel);

        Assert.Contains("cut short", await Refusal(whole[..(whole.Length - 1000)]), StringComparison.Ordinal);
        Assert.Contains("cut short", await Refusal(whole[..5000]), StringComparison.Ordinal);
        Assert.Contains("not a GGUF file", await Refusal(whole[..10]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_something_else_is_refused_with_the_reason()
    {
        Assert.Contains("not a GGUF file", await Refusal(Encoding.ASCII.GetBytes("<!doctype html><title>Not found</title>")), StringComparison.Ordinal);
        Assert.Contains("not a GGUF file", await Refusal([]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_anywhere_in_the_head_never_ends_without_a_reason()
    {
        var whole = await File.ReadAllBytesAsync(EngineProcess.DemoModel);
        var random = new Random(7);
        random.NextBytes(whole.AsSpan(8, 64));

        Assert.Contains("corrupt", await Refusal(whole), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tensor_of_the_wrong_shape_is_refused_by_llama()
    {
        var whole = await File.ReadAllBytesAsync(EngineProcess.DemoModel);
        var name = whole.AsSpan().IndexOf("blk.0.attn_q.weight"u8);
        "blk.9"u8.CopyTo(whole.AsSpan(name));

        Assert.Contains("llama.cpp cannot load", await Refusal(whole), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_is_refused_with_the_reason()
    {
        var (exitCode, errors) = await EngineProcess.RunToEnd("--model", Path.Combine(_folder.FullName, "none.gguf"), "--socket", Path.Combine(_folder.FullName, "s"));

        Assert.Equal(3, exitCode);
        Assert.Contains("cannot be read", errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--model", "m.gguf")]
    [InlineData("--model", "m.gguf", "--socket", "s", "--slots", "0")]
    [InlineData("--model", "m.gguf", "--socket", "s", "--colour", "red")]
    [InlineData("--model", "m.gguf", "--socket")]
    public async Task A_wrong_command_line_is_answered_with_the_usage(params string[] arguments)
    {
        var (exitCode, errors) = await EngineProcess.RunToEnd(arguments);

        Assert.Equal(2, exitCode);
        Assert.Contains("Usage:", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_ends_with_its_parent()
    {
        using var parent = Process.Start("sleep", "60");
        var socket = Path.Combine(_folder.FullName, "s");
        using var worker = EngineProcess.Launch(
            "--model", EngineProcess.DemoModel, "--socket", socket, "--parent-pid", parent.Id.ToString(CultureInfo.InvariantCulture));
        await EngineProcess.Eventually(() => Task.FromResult(File.Exists(socket)));

        parent.Kill();

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        await worker.WaitForExitAsync(deadline.Token);
        Assert.Equal(0, worker.ExitCode);
    }

    [Fact]
    public async Task Clients_that_go_away_free_slot_and_queue_at_once()
    {
        await using var engine = new EngineProcess();
        await engine.Start(await Altered(("<|im_end|>", "<|im_xxx|>"), ("ggml.eot_token_id", "ggml.xxx_token_id")), "--slots", "1");
        var endless = ChatCompletionsTests.Ask("Hello", new { stream = true });
        var (_, whole) = await engine.Post("/v1/chat/completions", ChatCompletionsTests.Ask("Hello"));

        // Hundreds of tokens each, one after the other: far more than ten seconds of work if nobody stopped it.
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = JsonContent.Create(endless) };
            using var response = await engine.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        }));

        Assert.Equal("length", whole.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        await EngineProcess.Eventually(async () => await engine.Health() is var health
            && health.GetProperty("active").GetInt32() == 0 && health.GetProperty("waiting").GetInt32() == 0);
    }

    [Fact]
    public async Task A_model_without_a_chat_template_says_so()
    {
        var model = await Altered(("tokenizer.chat_template", "tokenizer.chat_tumulate"));
        await using var engine = new EngineProcess();
        await engine.Start(model, "--context", "64", "--slots", "2");

        var (status, body) = await engine.Post("/v1/chat/completions", ChatCompletionsTests.Ask("Hello"));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("chat_unsupported", body.GetProperty("error").GetProperty("code").GetString());
        Assert.Equal(64, (await engine.Health()).GetProperty("context").GetInt32());
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The demo model with texts of its head replaced by others of the same length.</summary>
    private async Task<string> Altered(params IEnumerable<(string Old, string New)> changes)
    {
        var bytes = await File.ReadAllBytesAsync(EngineProcess.DemoModel);
        foreach (var (old, replacement) in changes)
        {
            for (var at = Find(old); at >= 0; at = Find(old))
            {
                Encoding.ASCII.GetBytes(replacement).CopyTo(bytes, at);
            }
        }

        var path = Path.Combine(_folder.FullName, "altered.gguf");
        await File.WriteAllBytesAsync(path, bytes);
        return path;

        int Find(string text) => bytes.AsSpan().IndexOf(Encoding.ASCII.GetBytes(text));
    }

    private async Task<string> Refusal(byte[] model)
    {
        var path = Path.Combine(_folder.FullName, "model.gguf");
        await File.WriteAllBytesAsync(path, model);

        var (exitCode, errors) = await EngineProcess.RunToEnd("--model", path, "--socket", Path.Combine(_folder.FullName, "s"));

        Assert.Equal(3, exitCode);
        Assert.Single(errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return JsonDocument.Parse(errors).RootElement.GetProperty("error").GetString()!;
    }
}
